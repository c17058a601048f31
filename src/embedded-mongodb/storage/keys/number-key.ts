/**
 * The numbers in an index key. First comes the nearest double, since rounding keeps the order. Then comes a
 * byte that says whether the value is below, at or above that double. If it is not at it, the exact decimal
 * follows. So int32, long, double and decimal share one exact order.
 */
import { compareDecimals, type Decimal, digitsOf, exactValue, fromDouble } from '../../bson/decimal.ts';
import { Double, Int32, Long, type NumberValue } from '../../bson/value.ts';
import type { KeyWriter } from './key-writer.ts';

const BELOW_NEAREST = 0x40;
const IS_NEAREST = 0x80;
const ABOVE_NEAREST = 0xc0;

export function writeNumber(writer: KeyWriter, value: NumberValue): void {
  const exact = value instanceof Int32 || value instanceof Double ? value.value : exactValue(value);
  if (typeof exact === 'number') {
    writeNearest(writer, exact, IS_NEAREST);
    return;
  }
  const nearest = value instanceof Long ? Number(value.toBigInt()) : Number(value.toString());
  const position = comparePosition(exact, nearest);
  writeNearest(writer, nearest, position);
  if (position !== IS_NEAREST) writeExact(writer, exact);
}

function comparePosition(exact: Decimal, nearest: number): number {
  if (nearest === Infinity) return BELOW_NEAREST;
  if (nearest === -Infinity) return ABOVE_NEAREST;
  const order = compareDecimals(exact, fromDouble(nearest));
  return order < 0 ? BELOW_NEAREST : order > 0 ? ABOVE_NEAREST : IS_NEAREST;
}

function writeNearest(writer: KeyWriter, number: number, position: number): void {
  if (Number.isNaN(number)) writer.uint64(0n);
  // Adding 0 turns -0 into 0, because the two are equal.
  else writer.double(number + 0);
  writer.byte(position);
}

/** Makes the position of the decimal point positive. */
const POINT_BIAS = 0x8000;

function writeExact(writer: KeyWriter, value: Decimal): void {
  const start = writer.length;
  const { digits, point } = digitsOf(value);
  writer.uint16(point + POINT_BIAS);
  writer.text(digits);
  if (value.coefficient < 0n) writer.invert(start);
}
