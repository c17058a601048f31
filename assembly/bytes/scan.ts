// biome-ignore-all lint/complexity/noStaticOnlyClass: AssemblyScript inlines static methods that are marked
/**
 * Searches sixteen bytes at a time. No search reads outside the request. If fewer than sixteen bytes are
 * left, it reads the last whole block of the request again and shifts out the bytes that were judged before.
 */

import { end, lastBlock } from '../state';
import {
  classesOf,
  DELETES,
  HEX,
  HIGH_HALVES,
  LAST_CONTROLS,
  LF,
  LOW_HALF_MASKS,
  PERCENT,
  SPACE,
  TAB,
} from './characters';

/**
 * One bit for each of sixteen bytes, the lowest for the first byte. It is set where a search stops. Callers
 * pass the vectors in, so that a loop keeps them in registers.
 */
export class Stops {
  /** Bytes outside a class. `halves` and `highHalves` are its nibble tables. */
  @inline static outside(block: v128, halves: v128, highHalves: v128, lowHalfMask: v128): i32 {
    // Both indices are below 16, where the relaxed swizzle means the same on every machine.
    const low = i8x16.relaxed_swizzle(halves, v128.and(block, lowHalfMask));
    const high = i8x16.relaxed_swizzle(highHalves, v128.and(i16x8.shr_u(block, 4), lowHalfMask));
    return i8x16.bitmask(i8x16.eq(v128.and(low, high), i8x16.splat(0)));
  }

  /** Control characters, HTAB included. The caller has to accept HTAB. */
  @inline static control(block: v128, lastControl: v128, deletes: v128): i32 {
    return i8x16.bitmask(v128.or(i8x16.le_u(block, lastControl), i8x16.eq(block, deletes)));
  }

  /**
   * Whatever is not printable ASCII. As a signed byte, one more than such a byte is negative or at most 0x20.
   * `ones` holds 1 and `excess` 0x21.
   */
  @inline static unprintable(block: v128, ones: v128, excess: v128): i32 {
    return i8x16.bitmask(i8x16.gt_s(excess, i8x16.add(block, ones)));
  }

  @inline static equal(at: usize, wanted: v128): i32 {
    return i8x16.bitmask(i8x16.eq(v128.load(at), wanted));
  }
}

/** The first byte from `from` on, up to `end`, that is outside the class whose nibble table is `table`. */
export function skipClass(from: usize, table: usize): usize {
  const halves = v128.load(table);
  const highHalves = v128.load(HIGH_HALVES);
  const lowHalfMask = v128.load(LOW_HALF_MASKS);
  const last = lastBlock;
  let at = from;
  while (at <= last) {
    const stops = Stops.outside(v128.load(at), halves, highHalves, lowHalfMask);
    if (stops) return at + ctz(stops);
    at += 16;
  }
  if (at >= end) return end;
  const stops = Stops.outside(v128.load(last), halves, highHalves, lowHalfMask) >>> <i32>(at - last);
  return stops ? min(at + ctz(stops), end) : end;
}

/** The first byte from `from` on, up to `end`, that does not stand in a field value. `from` is before it. */
export function skipValue(from: usize): usize {
  let at = skipToControl(from);
  while (at < end && load<u8>(at) === TAB) at = skipToControl(at + 1);
  return at;
}

function skipToControl(from: usize): usize {
  const lastControl = v128.load(LAST_CONTROLS);
  const deletes = v128.load(DELETES);
  const last = lastBlock;
  let at = from;
  while (at <= last) {
    const stops = Stops.control(v128.load(at), lastControl, deletes);
    if (stops) return at + ctz(stops);
    at += 16;
  }
  if (at >= end) return end;
  const stops = Stops.control(v128.load(last), lastControl, deletes) >>> <i32>(at - last);
  return stops ? min(at + ctz(stops), end) : end;
}

/** The first `byte` in [from, stop), or `stop`, which is not after the end of the request. */
export function find(byte: u8, from: usize, stop: usize): usize {
  const wanted = i8x16.splat(<i8>byte);
  const last = lastBlock;
  let at = from;
  while (at <= last && at < stop) {
    const stops = Stops.equal(at, wanted);
    if (stops) return min(at + ctz(stops), stop);
    at += 16;
  }
  if (at >= stop) return stop;
  const stops = Stops.equal(last, wanted) >>> <i32>(at - last);
  return stops ? min(at + ctz(stops), stop) : stop;
}

/** The first LF in [from, stop), or 0. */
export function findLf(from: usize, stop: usize): usize {
  if (from >= stop) return 0;
  const at = find(LF, from, stop);
  return at < stop ? at : 0;
}

/** Whether a well-formed percent-encoding begins at `at` and ends before `stop`. */
export function isPercentEncoding(at: usize, stop: usize): bool {
  if (at + 2 >= stop || load<u8>(at) !== PERCENT) return false;
  return (classesOf(load<u8>(at + 1)) & classesOf(load<u8>(at + 2)) & HEX) !== 0;
}

export function isSpace(byte: u8): bool {
  return byte === SPACE || byte === TAB;
}
