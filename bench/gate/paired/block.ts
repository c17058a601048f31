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

/** The first divided by the second arm: above 1, the first is the faster one. */
export function requestsRatio({ a, b }: Pair): number {
  return a.requests / a.seconds / (b.requests / b.seconds);
}

/** Above 1, the first needs more. undefined if it was not measured. */
export function cpuRatio({ a, b }: Pair): number | undefined {
  if (a.cpuSeconds === undefined || b.cpuSeconds === undefined) return undefined;
  return a.cpuSeconds / a.requests / (b.cpuSeconds / b.requests);
}
