/** `GET /problems/NAME`, where the `type` of problem details leads, and the list of all. */
import { HttpProblem, type Request, type Response } from '../../../runtime/application.ts';
import { PROBLEM_CAUSES, type ProblemCause } from '../../contract/problem-catalogue.ts';
import { sendPageOrJson } from './form.ts';
import { escapeHtml, type Page, richText } from './page.ts';

const CAUSES: ReadonlyMap<string, ProblemCause> = new Map(Object.entries(PROBLEM_CAUSES));

export function listProblems(request: Request, response: Response): void {
  const problems = [...CAUSES].map(([name, cause]) => jsonForm(name, cause));
  sendPageOrJson(request, response, { problems }, listPage);
}

/** @throws HttpProblem 404 */
export function getProblem(request: Request<'name'>, response: Response): void {
  const name = request.parameter('name');
  const cause = CAUSES.get(name);
  if (cause === undefined) throw new HttpProblem(404, 'There is no problem of this name.');
  sendPageOrJson(request, response, jsonForm(name, cause), () => causePage(name, cause));
}

function jsonForm(name: string, { status, title, explanation }: ProblemCause) {
  return { type: `/problems/${name}`, status, title, explanation };
}

function listPage(): Page {
  const rows = [...CAUSES].map(
    ([name, { status, title }]) =>
      `<div><dt><code>${status}</code></dt><dd><a href="/problems/${name}">${escapeHtml(title)}</a></dd></div>`,
  );
  return {
    title: 'Problems – CloudVM',
    content: `<p><a href="/">CloudVM</a></p>
<h1>Problems</h1>
<p class="soft">Why requests are refused. The <code>type</code> of an answer leads to one of these pages.</p>
<dl>
${rows.join('\n')}
</dl>`,
  };
}

function causePage(name: string, { status, title, explanation }: ProblemCause): Page {
  return {
    title: `${title} – CloudVM`,
    content: `<p><a href="/">CloudVM</a> / <a href="/problems">Problems</a></p>
<h1>${escapeHtml(title)}</h1>
<p class="soft">Status <code>${status}</code>, type <code>/problems/${name}</code></p>
<p>${richText(explanation)}</p>`,
  };
}
