/** The command line of the gate. */
import { parseArgs } from 'node:util';
import type { ForeignMatch } from './matches/foreign.ts';
import type { ReportFiles } from './reports/write.ts';

export const HELP = `npm run bench:gate -- [options]

Holds the promises of this repository, and exits with 1 if one is broken. Without options it counts what a
request costs, and then compares this server with Fastify and its two cores with each other, in about two
minutes. What noise left undecided is no failure.

  --base REF            compare with another commit instead
  --only PART           deterministic (counts) or paired (comparisons): one part only
  --seconds N           seconds for all comparisons together (120, with --base or two arms 240)
  --strict              exit with 3 if anything is undecided
  --json FILE           the verdict for programs
  --junit FILE          the verdict as JUnit XML
  --summary FILE        the verdict as Markdown. It is also appended to the file in GITHUB_STEP_SUMMARY
  --help                this text

Any two servers, such as those of another project:

  --arm-a COMMAND       starts the server that must hold the promise. {port} stands for a free port, also in PORT
  --arm-b COMMAND       starts the server that it is compared with
  --url URL             what is asked with GET, such as http://127.0.0.1:{port}/health
  --connections N       connections at once (64)
  --pipelined N         requests that a connection sends together (1)
  --requests-ratio N    least requests per second of A, as a multiple of B's (0.95)
  --cpu-ratio N         most CPU time per request of A, as a multiple of B's (1.05)
`;

export type Part = 'deterministic' | 'paired';

export interface GateOptions {
  readonly only: Part | undefined;
  readonly base: string | undefined;
  readonly foreign: ForeignMatch | undefined;
  readonly seconds: number;
  readonly strict: boolean;
  readonly files: ReportFiles;
  readonly help: boolean;
}

/** A wrong command line. The message is for whoever wrote it. */
export class UsageError extends Error {
  readonly code = 'ERR_USAGE';
  override readonly name = 'UsageError';
}

const OWN_SECONDS = 120;
const BESIDE_SECONDS = 240;
const MOST_SECONDS = 86_400;
const MOST_CONNECTIONS = 10_000;
const MOST_PIPELINED = 1_000;
const MOST_RATIO = 1_000;

/** @throws UsageError */
export function readGateOptions(parameters: readonly string[]): GateOptions {
  const values = parse(parameters);
  const { base, strict, help, json, junit, summary } = values;
  const foreign = foreignOf(values);
  if (foreign !== undefined && base !== undefined)
    throw new UsageError('--base and --arm-a exclude each other');
  const fallback = foreign === undefined && base === undefined ? OWN_SECONDS : BESIDE_SECONDS;
  return {
    only: foreign === undefined ? partOf(values.only) : 'paired',
    base,
    foreign,
    seconds: numberOf('seconds', values.seconds, fallback, 1, MOST_SECONDS),
    strict,
    files: { json, junit, summary },
    help,
  };
}

type Values = ReturnType<typeof parse>;

function parse(parameters: readonly string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  try {
    return parseArgs({
      args: [...parameters],
      options: {
        base: text,
        only: text,
        seconds: text,
        strict: flag,
        json: text,
        junit: text,
        summary: text,
        help: flag,
        'arm-a': text,
        'arm-b': text,
        url: text,
        connections: text,
        pipelined: text,
        'requests-ratio': text,
        'cpu-ratio': text,
      },
    }).values;
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

function partOf(only: string | undefined): Part | undefined {
  if (only === undefined || only === 'deterministic' || only === 'paired') return only;
  throw new UsageError(`--only is deterministic or paired, not "${only}"`);
}

function foreignOf(values: Values): ForeignMatch | undefined {
  const { 'arm-a': commandA, 'arm-b': commandB, url } = values;
  if (commandA === undefined && commandB === undefined && url === undefined) return undefined;
  if (commandA === undefined || commandB === undefined || url === undefined) {
    throw new UsageError('two arms need --arm-a, --arm-b and --url');
  }
  return {
    commandA,
    commandB,
    url,
    connections: numberOf('connections', values.connections, 64, 1, MOST_CONNECTIONS),
    pipelined: numberOf('pipelined', values.pipelined, 1, 1, MOST_PIPELINED),
    promises: [
      {
        metric: 'cpuPerRequest',
        limit: numberOf('cpu-ratio', values['cpu-ratio'], 1.05, 0, MOST_RATIO),
        because: 'that was asked with --cpu-ratio',
      },
      {
        metric: 'requestsPerSecond',
        limit: numberOf('requests-ratio', values['requests-ratio'], 0.95, 0, MOST_RATIO),
        because: 'that was asked with --requests-ratio',
      },
    ],
  };
}

function numberOf(
  name: string,
  text: string | undefined,
  fallback: number,
  least: number,
  most: number,
): number {
  if (text === undefined) return fallback;
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new UsageError(`--${name} is a number from ${least} to ${most}, not "${text}"`);
}
