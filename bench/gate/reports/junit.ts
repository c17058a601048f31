/** The verdict as JUnit XML, which most continuous integration shows as tests. */
import type { Check, Verdict } from '../check.ts';

export function toJunit({ checks }: Verdict): string {
  const groups = Map.groupBy(checks, ({ group }) => group);
  const suites = [...groups].flatMap(([group, members]) => suite(group, members));
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="benchmark gate" ${totals(checks)}>`,
    ...suites,
    '</testsuites>',
    '',
  ].join('\n');
}

function suite(group: string, checks: readonly Check[]): string[] {
  return [
    `  <testsuite name="${escaped(group)}" ${totals(checks)}>`,
    ...checks.flatMap((check) => testCase(check)),
    '  </testsuite>',
  ];
}

/** What is undecided is no failure, so it is skipped here, with its numbers. */
function testCase({ group, name, outcome, found, promise, because }: Check): string[] {
  const start = `    <testcase classname="gate.${escaped(group)}" name="${escaped(name)}"`;
  const message = escaped(`${found}. Promised: ${promise}, since ${because}.`);
  if (outcome === 'pass')
    return [`${start}>`, `      <system-out>${message}</system-out>`, '    </testcase>'];
  const element = outcome === 'fail' ? 'failure' : 'skipped';
  const text = outcome === 'undecided' ? `undecided: ${message}` : message;
  return [`${start}>`, `      <${element} message="${text}"/>`, '    </testcase>'];
}

function totals(checks: readonly Check[]): string {
  const count = (...outcomes: Check['outcome'][]) =>
    checks.filter(({ outcome }) => outcomes.includes(outcome)).length;
  return `tests="${checks.length}" failures="${count('fail')}" skipped="${count('skipped', 'undecided')}"`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** Control characters have no place in XML 1.0, not even escaped. */
function escaped(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd]/g, ' ')
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
