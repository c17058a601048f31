/** The part of the project's README that says what was measured. Made with the report, so that both agree. */
import type { Run, ScenarioResult } from '../laboratory/results.ts';
import { FASTIFY_ARM, OUR_ARM, ratioOf } from './arms.ts';
import { escapeMarkdown } from './escape.ts';
import { commitOf, dateOf } from './footer.ts';
import { fillSections } from './make-report.ts';
import { list, paragraphs, table } from './markdown.ts';
import { ratioWithInterval } from './numbers.ts';
import { pictureOf } from './picture.ts';
import { betterServers } from './sections/overview.ts';

const START = '<!-- measurements: made by `npm run bench:report` -->';
const END = '<!-- end of measurements -->';
const FOLDER = 'bench/results/';

const SCENARIOS: Readonly<Record<string, string>> = {
  health: 'GET /health, whose handler does nothing',
  constant: 'GET /health of the API itself, a constant answer',
  pipelined: 'GET /health, 16 at once on each connection',
  'few-connections': 'GET /health on 8 connections',
  'connection-per-request': 'GET /health on a new connection each',
  'echo-64k': 'POST of 64 KB, which come back',
  'big-response': 'an answer of 100 KB',
  'vm-read': 'GET /api/vms/:id: simultaneous reads travel together',
  'vm-list': 'GET /api/vms: a page of 20',
  'vm-create': 'POST /api/vms',
  login: 'POST /api/auth/login',
  'mixed-api': 'reads, lists and changes together',
};

/** @returns the README with this part made anew. @throws Error if it has no place for it */
export function withMeasurements(readme: string, run: Run): string {
  const [before, rest] = readme.split(START);
  const [, after] = rest?.split(END) ?? [];
  if (before === undefined || after === undefined)
    throw new Error(`README.md has no "${START}" and "${END}"`);
  return `${before}${START}\n\n${measurementsOf(run)}\n\n${END}${after}`;
}

function measurementsOf(run: Run): string {
  const scenarios = run.scenarios.filter(({ name }) => Object.hasOwn(SCENARIOS, name));
  const contents = fillSections(run).flatMap(({ content }) => content ?? []);
  const picture = contents.flatMap(({ charts }) => charts).find(({ name }) => name === 'headline');
  const findings = contents.flatMap(({ finding }) => (finding === undefined ? [] : `${finding}.`));
  return paragraphs(
    picture && pictureOf(picture, FOLDER),
    escapeMarkdown(
      `Measured on ${run.machine.cores} cores on ${dateOf(run)} (${commitOf(run)}). Ratios to Fastify in one process, with 95 % confidence intervals:`,
    ),
    ratioTable(scenarios),
    list(findings),
    betterServers({ scenarios }),
    `[The report](${FOLDER}report.md) has all scenarios, servers and latencies, and says how to read them. To repeat it:`,
    '    npm run bench -- --report',
  );
}

function ratioTable(scenarios: readonly ScenarioResult[]): string {
  const rows = scenarios.flatMap((scenario) => {
    const found = ratioOf(scenario, OUR_ARM, FASTIFY_ARM);
    if (found === undefined) return [];
    const { requestsPerSecond, cpuMicrosecondsPerRequest } = found;
    const cells = [requestsPerSecond, cpuMicrosecondsPerRequest].map(ratioWithInterval);
    return [[SCENARIOS[scenario.name] ?? scenario.name, ...cells]];
  });
  return table([['', 'requests per second', 'CPU per request'], ...rows]);
}
