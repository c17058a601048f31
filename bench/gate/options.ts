/** The command line of the gate. */
import { parseArgs } from 'node:util';
import type { ReportFiles } from './reports/write.ts';

export const HELP = `npm run bench:gate -- [options]

Holds the promises of this repository, and exits with 1 if one is broken. Without options it takes about two
minutes. What a noisy machine left undecided is no failure.

  --only PART       deterministic or paired: one part only
  --json FILE       the verdict for programs
  --junit FILE      the verdict as JUnit XML
  --summary FILE    the verdict as Markdown. It is also appended to the file in GITHUB_STEP_SUMMARY
  --help            this text
`;

export interface GateOptions {
  readonly only: 'deterministic' | 'paired' | undefined;
  readonly files: ReportFiles;
  readonly help: boolean;
}

/** A wrong command line. The message is for whoever wrote it. */
export class UsageError extends Error {
  readonly code = 'ERR_USAGE';
  override readonly name = 'UsageError';
}

/** @throws UsageError */
export function readGateOptions(parameters: readonly string[]): GateOptions {
  const { only, json, junit, summary, help } = parse(parameters);
  if (only !== undefined && only !== 'deterministic' && only !== 'paired') {
    throw new UsageError(`--only is deterministic or paired, not "${only}"`);
  }
  return { only, files: { json, junit, summary }, help };
}

function parse(parameters: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...parameters],
      options: {
        only: { type: 'string' },
        json: { type: 'string' },
        junit: { type: 'string' },
        summary: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
    return values;
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
