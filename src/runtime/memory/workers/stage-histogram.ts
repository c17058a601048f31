/**
 * The arithmetic of a histogram of durations with log-linear buckets, as those of HdrHistogram: each power of
 * two is divided into 8 buckets of the same width. So a bucket is at most an eighth as wide as it is long,
 * whatever the duration. It begins at 16 ns, which is shorter than a reading of the clock, and ends at 68 s.
 */

/** The width of the first buckets. */
const UNIT_NANOSECONDS = 16;
const UNITS_PER_MS = 1e6 / UNIT_NANOSECONDS;
const SUBDIVISION_BITS = 3;
const SUBDIVISIONS = 2 ** SUBDIVISION_BITS;
const MOST_UNITS = 2 ** 32 - 1;

/** The buckets of one histogram. Longer durations are in the last one. */
export const BUCKETS = (32 - SUBDIVISION_BITS + 1) * SUBDIVISIONS;

/** @param milliseconds below 0 counts as 0, which clocks of two threads can yield */
export function bucketOf(milliseconds: number): number {
  const units = Math.min(Math.max(milliseconds, 0) * UNITS_PER_MS, MOST_UNITS) >>> 0;
  if (units < SUBDIVISIONS) return units;
  const exponent = 31 - Math.clz32(units) - SUBDIVISION_BITS;
  return exponent * SUBDIVISIONS + (units >>> exponent);
}

/** @returns the shortest duration that a bucket holds, in milliseconds. It ends where the next one begins */
export function lowerBoundOf(bucket: number): number {
  if (bucket < SUBDIVISIONS) return bucket / UNITS_PER_MS;
  const exponent = Math.floor(bucket / SUBDIVISIONS) - 1;
  return ((SUBDIVISIONS + (bucket % SUBDIVISIONS)) * 2 ** exponent) / UNITS_PER_MS;
}

/**
 * @param counts by bucket
 * @param share 0.5 for the median
 * @returns milliseconds, or undefined if nothing was counted. Within a bucket, durations count as evenly
 *   spread
 */
export function quantileOf(counts: ArrayLike<number>, share: number): number | undefined {
  const total = countOf(counts);
  if (total === 0) return undefined;
  const rank = share * total;
  let below = 0;
  for (let bucket = 0; bucket < counts.length; bucket++) {
    const count = counts[bucket] as number;
    if (count > 0 && below + count >= rank) {
      const [from, to] = [lowerBoundOf(bucket), lowerBoundOf(bucket + 1)];
      return from + ((to - from) * Math.max(rank - below, 0)) / count;
    }
    below += count;
  }
  return lowerBoundOf(counts.length);
}

export function countOf(counts: ArrayLike<number>): number {
  let total = 0;
  for (let bucket = 0; bucket < counts.length; bucket++) total += counts[bucket] as number;
  return total;
}

/** The sum of all durations, in milliseconds, each taken as the middle of its bucket. */
export function sumOf(counts: ArrayLike<number>): number {
  let sum = 0;
  for (let bucket = 0; bucket < counts.length; bucket++) {
    sum += ((counts[bucket] as number) * (lowerBoundOf(bucket) + lowerBoundOf(bucket + 1))) / 2;
  }
  return sum;
}
