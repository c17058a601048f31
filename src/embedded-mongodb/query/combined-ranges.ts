/**
 * Combines the bounds of an index's first fields into ranges of whole keys. Called by the planner and by
 * counts.
 */

import { END_OF_KEYS, type KeyRange, keysBeginningWith, successor } from '../storage/keys/key-range.ts';
import type { FieldBounds } from './bounds.ts';

/** Every combination of the fields' ranges, in the order of the keys. */
export function combineBounds(bounds: readonly FieldBounds[], descending: readonly boolean[]): KeyRange[] {
  let ranges: KeyRange[] = [{ low: new Uint8Array(0), high: END_OF_KEYS }];
  bounds.forEach((field, position) => {
    const own =
      descending[position] === true
        ? field.ranges.map(field.points ? invertPoint : invertRange)
        : field.ranges;
    ranges = ranges.flatMap(({ low: prefix }) =>
      own.map(({ low, high }) => ({ low: concatenate(prefix, low), high: concatenate(prefix, high) })),
    );
  });
  return ranges.toSorted((left, right) => Buffer.compare(left.low, right.low));
}

/** The keys that begin with the inverted value. */
function invertPoint({ low }: KeyRange): KeyRange {
  return keysBeginningWith(invert(low));
}

/**
 * Inverting the bytes reverses the order. The excluded end becomes the start, so the range starts after every
 * key that begins with it. The included start becomes the end, so the range ends after every key that begins
 * with it.
 */
function invertRange({ low, high }: KeyRange): KeyRange {
  return { low: successor(invert(high)) ?? END_OF_KEYS, high: successor(invert(low)) ?? END_OF_KEYS };
}

function invert(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte) => byte ^ 0xff);
}

function concatenate(left: Uint8Array, right: Uint8Array): Uint8Array {
  return left.length === 0 ? right : Buffer.concat([left, right]);
}
