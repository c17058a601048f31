/** Times work in batches. */

const WARM_UP_BATCHES = 20;
const TIMED_BATCHES = 20;

/**
 * @param run does the work so many times
 * @returns nanoseconds of the work, the least of the batches: nothing makes work faster than it is, but much
 * makes it slower
 */
export function leastTime(run: (times: number) => unknown, batchMs: number): number {
  let times = 1;
  let least = Number.POSITIVE_INFINITY;
  for (let batch = 0; batch < WARM_UP_BATCHES + TIMED_BATCHES; ) {
    const start = process.hrtime.bigint();
    run(times);
    const elapsed = Number(process.hrtime.bigint() - start);
    if (elapsed < (batchMs * 1e6) / 2) {
      times = Math.ceil(times * 2);
      continue;
    }
    batch++;
    if (batch > WARM_UP_BATCHES) least = Math.min(least, elapsed / times);
  }
  return least;
}
