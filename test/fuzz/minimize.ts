/**
 * Makes a failing input small enough to read: takes out slices, halving their length until single bytes, as
 * long as the input still fails in the same way. The fuzzer calls it once per finding.
 */

/** Removing slices converges long before. The bound is for checks whose failures come and go. */
const MAX_ATTEMPTS = 20_000;

export function minimize(input: Uint8Array, stillFails: (candidate: Uint8Array) => boolean): Uint8Array {
  let smallest = input;
  let attempts = 0;
  for (let width = Math.ceil(input.length / 2); width >= 1; width = width === 1 ? 0 : Math.ceil(width / 2)) {
    for (let start = 0; start < smallest.length && attempts < MAX_ATTEMPTS; attempts++) {
      const candidate = Buffer.concat([smallest.subarray(0, start), smallest.subarray(start + width)]);
      if (stillFails(candidate)) smallest = candidate;
      else start += width;
    }
  }
  return smallest;
}
