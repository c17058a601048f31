/** `GET /`: where to go from here. */
import type { Request, Response } from '../../../runtime/application.ts';
import { sendPageOrJson } from './form.ts';
import type { Page } from './page.ts';

interface Link {
  readonly name: string;
  readonly path: string;
  readonly about: string;
}

const LINKS: readonly Link[] = [
  { name: 'documentation', path: '/docs', about: 'every operation, to read and to try' },
  { name: 'openapi', path: '/openapi.json', about: 'the same for programs: OpenAPI 3.1' },
  { name: 'vms', path: '/api/vms', about: 'your virtual machines. Needs a token' },
  { name: 'problems', path: '/problems', about: 'why requests are refused, and what to do' },
  { name: 'health', path: '/health', about: 'whether the process serves' },
  { name: 'readiness', path: '/health/ready', about: 'whether it can do its work now' },
];

const JSON_FORM = { name: 'CloudVM', links: Object.fromEntries(LINKS.map(({ name, path }) => [name, path])) };

export function getStart(request: Request, response: Response): void {
  sendPageOrJson(request, response, JSON_FORM, startPage);
}

function startPage(): Page {
  const rows = LINKS.map(
    ({ path, about }) => `<div><dt><a href="${path}">${path}</a></dt><dd class="soft">${about}</dd></div>`,
  );
  return {
    title: 'CloudVM',
    content: `<h1>CloudVM</h1>
<p class="soft">An HTTP API for cloud virtual machines.</p>
<dl>
${rows.join('\n')}
</dl>
<h2>Begin</h2>
<p>Register, and send the token that you get with every request. <code>$API</code> is the address of this page
without the last slash.</p>
<pre><code>curl $API/api/auth/register -H 'Content-Type: application/json' \\
  -d '{"email":"ada@example.com","username":"ada","password":"correct horse battery"}'

curl $API/api/vms -H "Authorization: Bearer $TOKEN"</code></pre>`,
  };
}
