/** The verdict as Markdown, for the page of a job of continuous integration. */
import type { Check, Outcome, Verdict } from '../check.ts';

const MARKS: Readonly<Record<Outcome, string>> = {
  pass: '✅ pass',
  fail: '❌ **fail**',
  undecided: '❔ undecided',
  skipped: '➖ skipped',
};

const HEADLINES: Readonly<Record<Verdict['outcome'], string>> = {
  pass: '✅ Every promise is kept.',
  fail: '❌ A promise is broken.',
  undecided: '❔ No promise is broken as far as can be seen. The machine was too noisy to decide all.',
};

export function toMarkdown(verdict: Verdict): string {
  const { outcome, checks } = verdict;
  const groups = Map.groupBy(checks, ({ group }) => group);
  const broken = checks.filter((check) => check.outcome === 'fail');
  return [
    '## Benchmark gate',
    '',
    HEADLINES[outcome],
    '',
    ...(broken.length === 0 ? [] : [...table(broken), '']),
    ...[...groups].flatMap(([group, members]) => details(group, members)),
  ].join('\n');
}

function details(group: string, checks: readonly Check[]): string[] {
  const summary = `${escaped(group)}: ${checks.length} checks`;
  return [`<details><summary>${summary}</summary>`, '', ...table(checks), '', '</details>', ''];
}

function table(checks: readonly Check[]): string[] {
  return [
    '| verdict | what | found | promised | because |',
    '| --- | --- | --- | --- | --- |',
    ...checks.map(
      ({ outcome, name, found, promise, because }) =>
        `| ${[MARKS[outcome], ...[name, found, promise, because].map(escaped)].join(' | ')} |`,
    ),
  ];
}

/** Names come from commands and commits, which may hold anything. */
function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replace(/[\\`*_|[\]]/g, '\\$&')
    .replace(/\s+/g, ' ');
}
