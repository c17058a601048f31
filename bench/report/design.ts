/** The figures of the C++ design that this server follows. They are its author's, on another machine. */
import type { Stage } from '../../src/runtime/memory/workers/stages.ts';

/** How long the stages of a request take. Where the design has one figure, it is both. */
export const DESIGN_STAGES_MS: Partial<
  Readonly<Record<Stage, { readonly least: number; readonly most: number }>>
> = {
  accept: { least: 0.01, most: 0.01 },
  parse: { least: 0.05, most: 0.05 },
  match: { least: 0.01, most: 0.01 },
  middleware: { least: 0.02, most: 0.02 },
  controller: { least: 0.5, most: 0.5 },
  database: { least: 5, most: 50 },
  response: { least: 0.05, most: 0.05 },
  write: { least: 0.1, most: 0.1 },
};

/** Requests per second by the number of threads. */
export const DESIGN_THROUGHPUT: readonly { readonly threads: number; readonly requestsPerSecond: number }[] =
  [
    { threads: 1, requestsPerSecond: 2_000 },
    { threads: 8, requestsPerSecond: 10_000 },
    { threads: 16, requestsPerSecond: 15_000 },
  ];

export const DESIGN_MEMORY_MB = { base: 20, perThread: 2, pool: 10, total: 50, nodeEquivalent: 250 } as const;

export const DESIGN_LABEL = 'C++ design’s figure';
