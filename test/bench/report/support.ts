/** The example run, and a way to change a part of it. */
import { readFileSync } from 'node:fs';
import { type Run, readResults, type ScenarioResult } from '../../../bench/laboratory/results.ts';

const FIXTURE = readFileSync(new URL('../fixtures/results.json', import.meta.url), 'utf8');

export function exampleRun(): Run {
  return readResults(FIXTURE);
}

export function scenarioNamed(run: Run, name: string): ScenarioResult {
  const scenario = run.scenarios.find((candidate) => candidate.name === name);
  if (scenario === undefined) throw new Error(`the example has no scenario ${name}`);
  return scenario;
}

/** The example with only this scenario, or none if it is made undefined. */
export function runWith(name: string, change: (scenario: ScenarioResult) => ScenarioResult): Run {
  const run = exampleRun();
  return { ...run, scenarios: [change(scenarioNamed(run, name))] };
}

/** @returns the part of the Markdown below the heading */
export function sectionOf(markdown: string, title: string): string {
  const [, after] = `\n${markdown}`.split(`\n## ${title}\n`);
  if (after === undefined) throw new Error(`no section ${title}`);
  return after.split('\n## ')[0] ?? '';
}

/** @returns the cells of the first row whose first cell is this, in any table of the Markdown */
export function rowOf(markdown: string, first: string): string[] {
  const line = markdown.split('\n').find((candidate) => candidate.startsWith(`| ${first} |`));
  if (line === undefined) throw new Error(`no row ${first}`);
  return line
    .slice(2, -2)
    .split(' | ')
    .map((cell) => cell.trim());
}
