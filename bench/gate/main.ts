/**
 * `npm run bench:gate`: holds the promises of this repository and ends with 1 if one is broken. Counts come
 * first, which no noise disturbs. See README.md.
 */

import { GateError, run as holdBesideFastify } from '../gate.ts';
import { type Check, type Verdict, verdictOf } from './check.ts';
import { judgeFigures } from './deterministic/judge.ts';
import { measureFigures } from './deterministic/measure.ts';
import { PROMISES } from './deterministic/promises.ts';
import { type GateOptions, HELP, readGateOptions, UsageError } from './options.ts';
import { brokenPromises, checkLine, verdictLine } from './reports/terminal.ts';
import { writeReports } from './reports/write.ts';
import { THIS_TREE } from './tree.ts';

/** The verdict as exit code. What is undecided is no failure, see README.md. */
const EXIT_CODES: Readonly<Record<Verdict['outcome'], number>> = { pass: 0, undecided: 0, fail: 1 };
/** The gate could not be run: a wrong command line, a server that does not start. */
const EXIT_ERROR = 2;

const print = (line: string) => void process.stdout.write(`${line}\n`);

/** Sets the exit code of the process. */
export async function run(parameters: readonly string[]): Promise<void> {
  try {
    const options = readGateOptions(parameters);
    if (options.help) process.stdout.write(HELP);
    else process.exitCode = EXIT_CODES[await judge(options)];
  } catch (error) {
    const isUsage = error instanceof UsageError;
    process.stderr.write(`${isUsage ? `${error.message}\n\n${HELP}` : messageOf(error)}\n`);
    process.exitCode = EXIT_ERROR;
  }
}

async function judge(options: GateOptions): Promise<Verdict['outcome']> {
  const checks: Check[] = [];
  if (options.only !== 'paired') checks.push(...(await deterministicChecks()));
  if (options.only !== 'deterministic') checks.push(await pairedCheck());
  const verdict = verdictOf(checks);
  for (const line of brokenPromises(verdict)) print(line);
  print(verdictLine(verdict));
  writeReports(verdict, options.files, process.env['GITHUB_STEP_SUMMARY']);
  return verdict.outcome;
}

async function deterministicChecks(): Promise<Check[]> {
  const figures = await measureFigures(THIS_TREE, print);
  const checks = judgeFigures(PROMISES, figures);
  for (const check of checks) print(checkLine(check));
  return checks;
}

async function pairedCheck(): Promise<Check> {
  const check = {
    group: 'beside Fastify',
    name: 'GET /health',
    promise: 'more requests per second or less CPU time than Fastify',
    because: 'small requests are cheap',
  };
  try {
    await holdBesideFastify([]);
    return { ...check, outcome: 'pass', found: 'as promised' };
  } catch (error) {
    if (!(error instanceof GateError)) throw error;
    return { ...check, outcome: 'fail', found: error.message };
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
