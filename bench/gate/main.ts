/**
 * `npm run bench:gate`: holds the promises of this repository and ends with 1 if one is broken. Counts come
 * first, because no noise disturbs them. See README.md.
 */
import { seededRandom } from '../laboratory/random.ts';
import { BaseTree } from './base/base-tree.ts';
import { type Check, type Verdict, verdictOf } from './check.ts';
import { compareFigures, judgeFigures } from './deterministic/judge.ts';
import { PROMISES } from './deterministic/promises.ts';
import { type ForeignMatch, foreignMatch } from './matches/foreign.ts';
import { type GateOptions, HELP, readGateOptions, UsageError } from './options.ts';
import type { Match } from './paired/match.ts';
import { play } from './paired/play.ts';
import { brokenPromises, checkLine, verdictLine } from './reports/terminal.ts';
import { writeReports } from './reports/write.ts';
import { THIS_TREE } from './tree.ts';

/** The gate could not be run: a wrong command line, a server that does not start. */
const EXIT_ERROR = 2;
const EXIT_UNDECIDED = 3;

const BLOCK_SECONDS = 1;

const print = (line: string) => void process.stdout.write(`${line}\n`);

/** Sets the exit code of the process. */
export async function run(parameters: readonly string[]): Promise<void> {
  try {
    const options = readGateOptions(parameters);
    if (options.help) process.stdout.write(HELP);
    else process.exitCode = exitCodeOf(await judge(options), options);
  } catch (error) {
    const isUsage = error instanceof UsageError;
    process.stderr.write(`${isUsage ? `${error.message}\n\n${HELP}` : messageOf(error)}\n`);
    process.exitCode = EXIT_ERROR;
  }
}

function exitCodeOf({ outcome }: Verdict, { strict }: GateOptions): number {
  if (outcome === 'undecided') return strict ? EXIT_UNDECIDED : 0;
  return outcome === 'fail' ? 1 : 0;
}

async function judge(options: GateOptions): Promise<Verdict> {
  await using resources = new AsyncDisposableStack();
  const base = options.base === undefined ? undefined : await BaseTree.checkOut(options.base, print);
  if (base !== undefined) resources.use(base);
  const checks: Check[] = [];
  if (options.only !== 'paired') checks.push(...(await deterministicChecks(base)));
  if (options.only !== 'deterministic') checks.push(...(await pairedChecks(options, base, resources)));
  const verdict = verdictOf(checks);
  for (const line of brokenPromises(verdict)) print(line);
  print(verdictLine(verdict));
  writeReports(verdict, options.files, process.env['GITHUB_STEP_SUMMARY']);
  return verdict;
}

async function deterministicChecks(base: BaseTree | undefined): Promise<Check[]> {
  const { measureFigures } = await import('./deterministic/measure.ts');
  const figures = await measureFigures(THIS_TREE, print);
  const checks = judgeFigures(PROMISES, figures);
  if (base !== undefined) {
    checks.push(...compareFigures(PROMISES, figures, await measureFigures(base, print), base.name));
  }
  for (const check of checks) print(checkLine(check));
  return checks;
}

async function pairedChecks(
  { foreign, seconds }: GateOptions,
  base: BaseTree | undefined,
  resources: AsyncDisposableStack,
): Promise<Check[]> {
  const matches = await matchesOf(foreign, base, resources);
  const checks = await play(matches, {
    seconds,
    blockSeconds: BLOCK_SECONDS,
    random: seededRandom(Date.now()),
    progress: print,
  });
  for (const check of checks) print(checkLine(check));
  return checks;
}

/** What a match needs is loaded with it, such as the driver of the database. */
async function matchesOf(
  foreign: ForeignMatch | undefined,
  base: BaseTree | undefined,
  resources: AsyncDisposableStack,
): Promise<readonly Match[]> {
  if (foreign !== undefined) return [foreignMatch(foreign)];
  if (base === undefined) return (await import('./matches/own.ts')).OWN_MATCHES;
  const { besideBase } = await import('./matches/beside-base.ts');
  return await besideBase(base, resources);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
