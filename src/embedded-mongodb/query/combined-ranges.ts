/**
 * Combines the bounds of an index's first fields into ranges of whole keys. Called by the planner and by
 * counts.
 */

import { END_OF_KEYS, type KeyRange, keysBeginningWith, successor } from '../storage/keys/key-range.ts';
import type { FieldBounds } from './bounds.ts';

/**
 * Every combination of the fields' ranges, in the order of the keys: the ranges of a field are in order, and
 * so are those of the fields before it, of which none is the beginning of another.
 */
export function combineBounds(
  bounds: readonly FieldBounds[],
  descending: readonly boolean[],
): readonly KeyRange[] {
  const [first, ...others] = bounds.map((field, position) =>
    descending[position] === true ? inverted(field) : field.ranges(),
  );
  return others.reduce<readonly KeyRange[]>(
    (prefixes, ranges) => prefixes.flatMap(({ low }) => ranges.map((range) => behind(low, range))),
    first ?? [{ low: new Uint8Array(0), high: END_OF_KEYS }],
  );
}

function behind(prefix: Uint8Array, { low, high }: KeyRange): KeyRange {
  return { low: Buffer.concat([prefix, low]), high: Buffer.concat([prefix, high]) };
}

/** Inverting the bytes reverses the order. */
function inverted(field: FieldBounds): readonly KeyRange[] {
  return field
    .ranges()
    .map(field.points ? invertPoint : invertRange)
    .toReversed();
}

/** The keys that begin with the inverted value. */
function invertPoint({ low }: KeyRange): KeyRange {
  return keysBeginningWith(invert(low));
}

/**
 * The excluded end becomes the start, so the range starts after every key that begins with it. The included
 * start becomes the end, so the range ends after every key that begins with it.
 */
function invertRange({ low, high }: KeyRange): KeyRange {
  return { low: successor(invert(high)) ?? END_OF_KEYS, high: successor(invert(low)) ?? END_OF_KEYS };
}

function invert(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte) => byte ^ 0xff);
}
