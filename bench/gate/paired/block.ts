/** A block: one or two seconds of load on one arm. */

export interface Block {
  readonly requests: number;
  readonly seconds: number;
  /** Of all processes of the arm. undefined if the system does not tell. */
  readonly cpuSeconds?: number;
}

/** Two blocks that ran next to each other, so that the machine was as busy in one as in the other. */
export interface Pair {
  readonly a: Block;
  readonly b: Block;
}

/** The pairs of one contest that were taken from the same two processes (round.ts). */
export type Round = readonly Pair[];

/** The first divided by the second arm: above 1, the first is the faster one. */
export function requestsRatio({ a, b }: Pair): number {
  return a.requests / a.seconds / (b.requests / b.seconds);
}

/** Above 1, the first needs more. undefined if it was not measured. */
export function cpuRatio({ a, b }: Pair): number | undefined {
  if (a.cpuSeconds === undefined || b.cpuSeconds === undefined) return undefined;
  return a.cpuSeconds / a.requests / (b.cpuSeconds / b.requests);
}

/**
 * The blocks of a round as one pair. A block in which the machine gave a server little time weighs little.
 */
export function wholeOf(round: Round): Pair {
  return { a: sum(round.map(({ a }) => a)), b: sum(round.map(({ b }) => b)) };
}

function sum(blocks: readonly Block[]): Block {
  return blocks.reduce((one, other) => ({
    requests: one.requests + other.requests,
    seconds: one.seconds + other.seconds,
    ...(one.cpuSeconds !== undefined &&
      other.cpuSeconds !== undefined && { cpuSeconds: one.cpuSeconds + other.cpuSeconds }),
  }));
}
