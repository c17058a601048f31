/** The figures of the C++ design that this server follows. They are its author's, on another machine. */

/** Requests per second by the number of threads. */
export const DESIGN_THROUGHPUT: readonly { readonly threads: number; readonly requestsPerSecond: number }[] =
  [
    { threads: 1, requestsPerSecond: 2_000 },
    { threads: 8, requestsPerSecond: 10_000 },
    { threads: 16, requestsPerSecond: 15_000 },
  ];

export const DESIGN_MEMORY_MB = { base: 20, perThread: 2, pool: 10, total: 50, nodeEquivalent: 250 } as const;

export const DESIGN_LABEL = 'C++ design’s figure';
