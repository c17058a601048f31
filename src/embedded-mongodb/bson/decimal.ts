/**
 * Exact decimal arithmetic on MongoDB's numbers. Every int32, long, decimal and finite double is an integer
 * times a power of ten. Used to compare numbers of different types, and for `$inc`, `$mul` and `$sum`.
 */
import { Decimal128, Double, Int32, Long, type NumberValue } from './value.ts';

/** coefficient × 10^exponent, exactly. */
export interface Decimal {
  readonly coefficient: bigint;
  readonly exponent: number;
}

const MAX_DIGITS = 34;
const MIN_EXPONENT = -6176;
const MAX_EXPONENT = 6111;

/** The exact value, or a JavaScript number for NaN and ±Infinity. */
export function exactValue(value: NumberValue): Decimal | number {
  if (value instanceof Int32) return { coefficient: BigInt(value.value), exponent: 0 };
  if (value instanceof Long) return { coefficient: value.toBigInt(), exponent: 0 };
  if (value instanceof Double) return Number.isFinite(value.value) ? fromDouble(value.value) : value.value;
  return parse(value.toString());
}

/** A finite double is an integer times a power of two, so it has a finite decimal form. */
export function fromDouble(number: number): Decimal {
  if (Number.isInteger(number)) return { coefficient: BigInt(number), exponent: 0 };
  let scaled = number;
  let halvings = 0;
  // Doubling is exact. At most 1,074 steps make any double an integer.
  while (!Number.isInteger(scaled)) {
    scaled *= 2;
    halvings += 1;
  }
  return { coefficient: BigInt(scaled) * 5n ** BigInt(halvings), exponent: -halvings };
}

function parse(text: string): Decimal | number {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:E([+-]?\d+))?$/i.exec(text);
  if (match === null) return text.startsWith('-') ? -Infinity : text === 'NaN' ? Number.NaN : Infinity;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  const coefficient = BigInt(`${whole}${fraction}` || '0');
  return {
    coefficient: sign === '-' ? -coefficient : coefficient,
    exponent: Number(exponent) - fraction.length,
  };
}

/** Negative, zero or positive, as for sorting. */
export function compareDecimals(left: Decimal, right: Decimal): number {
  const leftSign = signOf(left.coefficient);
  const rightSign = signOf(right.coefficient);
  if (leftSign !== rightSign || leftSign === 0) return leftSign - rightSign;
  // Mostly the magnitudes differ, which saves building a number of 6,000 digits.
  const magnitudes = magnitude(left) - magnitude(right);
  if (magnitudes !== 0) return magnitudes * leftSign;
  const common = Math.min(left.exponent, right.exponent);
  return signOf(scaleTo(left, common) - scaleTo(right, common));
}

/** The value as 0.d₁d₂… × 10^point, without trailing zeros. */
export function digitsOf(value: Decimal): { digits: string; point: number } {
  const digits = absolute(value.coefficient).toString();
  return { digits: digits.replace(/0+$/, ''), point: digits.length + value.exponent };
}

export function addDecimals(left: Decimal, right: Decimal): Decimal {
  if (left.coefficient === 0n) return withDigitsTo(right, left.exponent);
  if (right.coefficient === 0n) return withDigitsTo(left, right.exponent);
  // Beyond this distance the smaller number only decides which way the result rounds.
  const distance = magnitude(left) - magnitude(right);
  if (distance > 2 * MAX_DIGITS + 2) return nudge(left, right);
  if (distance < -(2 * MAX_DIGITS + 2)) return nudge(right, left);
  const common = Math.min(left.exponent, right.exponent);
  return { coefficient: scaleTo(left, common) + scaleTo(right, common), exponent: common };
}

export function multiplyDecimals(left: Decimal, right: Decimal): Decimal {
  return { coefficient: left.coefficient * right.coefficient, exponent: left.exponent + right.exponent };
}

/** Rounds to the 34 digits of a Decimal128, half to even. */
export function toDecimal128(value: Decimal): Decimal128 {
  let { coefficient, exponent } = value;
  const excess = Math.max(absolute(coefficient).toString().length - MAX_DIGITS, MIN_EXPONENT - exponent, 0);
  if (excess > 0) {
    coefficient = divideHalfEven(coefficient, 10n ** BigInt(Math.min(excess, 20_000)));
    exponent += excess;
  }
  if (absolute(coefficient).toString().length > MAX_DIGITS) {
    coefficient /= 10n;
    exponent += 1;
  }
  while (
    exponent > MAX_EXPONENT &&
    coefficient !== 0n &&
    absolute(coefficient).toString().length < MAX_DIGITS
  ) {
    coefficient *= 10n;
    exponent -= 1;
  }
  if (coefficient === 0n) exponent = Math.max(MIN_EXPONENT, Math.min(MAX_EXPONENT, exponent));
  if (exponent > MAX_EXPONENT) return Decimal128.fromString(coefficient < 0n ? '-Infinity' : 'Infinity');
  return Decimal128.fromString(`${coefficient}E${exponent}`);
}

/** 1 with digits to 10^-2 is 1.00. IEEE 754 adds these zeros to the result, as far as there is room. */
function withDigitsTo(value: Decimal, exponent: number): Decimal {
  const digits = value.coefficient === 0n ? -Infinity : absolute(value.coefficient).toString().length;
  const zeros = Math.max(0, Math.min(value.exponent - exponent, MAX_DIGITS - digits));
  return { coefficient: value.coefficient * 10n ** BigInt(zeros), exponent: value.exponent - zeros };
}

function nudge(large: Decimal, small: Decimal): Decimal {
  const digits = absolute(large.coefficient).toString().length;
  const shift = Math.max(0, MAX_DIGITS + 3 - digits);
  const coefficient = large.coefficient * 10n ** BigInt(shift) + BigInt(signOf(small.coefficient));
  return { coefficient, exponent: large.exponent - shift };
}

function divideHalfEven(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  const twice = absolute(dividend % divisor) * 2n;
  const up = twice > divisor || (twice === divisor && (quotient & 1n) === 1n);
  return up ? quotient + (dividend < 0n ? -1n : 1n) : quotient;
}

function scaleTo(value: Decimal, exponent: number): bigint {
  return value.coefficient * 10n ** BigInt(value.exponent - exponent);
}

function magnitude(value: Decimal): number {
  return absolute(value.coefficient).toString().length + value.exponent;
}

/** -1, 0 or 1. */
export function signOf(value: bigint): number {
  return value > 0n ? 1 : value < 0n ? -1 : 0;
}

function absolute(value: bigint): bigint {
  return value < 0n ? -value : value;
}
