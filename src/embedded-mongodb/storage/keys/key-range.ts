/** Ranges of index keys, as the planner builds them and scans read them. Keys compare byte by byte. */

/** Keys from `low` (included) to `high` (excluded). */
export interface KeyRange {
  readonly low: Uint8Array;
  readonly high: Uint8Array;
}

/** As SQLite compares them. Keys are short, so this loop is faster than a call of `Buffer.compare`. */
export function compareKeys(left: Uint8Array, right: Uint8Array): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** Sorts above every key. The greatest first byte of a key is FA, of a descending MinKey. */
export const END_OF_KEYS = Uint8Array.of(0xff);

/** The range of all keys that begin with `prefix`. */
export function keysBeginningWith(prefix: Uint8Array): KeyRange {
  return { low: prefix, high: successor(prefix) ?? END_OF_KEYS };
}

/** The smallest key above all keys that begin with `prefix`, or undefined if there is none. */
export function successor(prefix: Uint8Array): Uint8Array | undefined {
  let length = prefix.length;
  while (length > 0 && prefix[length - 1] === 0xff) length -= 1;
  if (length === 0) return undefined;
  const bytes = new Uint8Array(prefix);
  bytes[length - 1] = (bytes[length - 1] ?? 0) + 1;
  return length === prefix.length ? bytes : bytes.subarray(0, length);
}
