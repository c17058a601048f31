/**
 * Addition and multiplication for `$inc` and `$mul`, and addition of decimals for `$sum`. As in MongoDB, the
 * result has the wider type of the two operands. An int32 that overflows becomes a long. A long that
 * overflows is an error.
 */

import { CommandError } from '../command-error.ts';
import { addDecimals, exactValue, multiplyDecimals, signOf, toDecimal128 } from './decimal.ts';
import { Decimal128, Double, Int32, Long, type NumberValue, toNumber } from './value.ts';

const INT32_MIN = -(2n ** 31n);
const INT32_MAX = 2n ** 31n - 1n;
const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

export function add(left: NumberValue, right: NumberValue): NumberValue {
  return combine('$inc', left, right, ADDITION);
}

export function multiply(left: NumberValue, right: NumberValue): NumberValue {
  return combine('$mul', left, right, MULTIPLICATION);
}

interface Operation {
  readonly integers: (left: bigint, right: bigint) => bigint;
  readonly doubles: (left: number, right: number) => number;
  readonly decimals: typeof addDecimals;
}

const ADDITION: Operation = {
  integers: (left, right) => left + right,
  doubles: (left, right) => left + right,
  decimals: addDecimals,
};
const MULTIPLICATION: Operation = {
  integers: (left, right) => left * right,
  doubles: (left, right) => left * right,
  decimals: multiplyDecimals,
};

function combine(name: string, left: NumberValue, right: NumberValue, operation: Operation): NumberValue {
  if (left instanceof Decimal128 || right instanceof Decimal128)
    return combineDecimals(left, right, operation);
  if (left instanceof Double || right instanceof Double) {
    return new Double(operation.doubles(toNumber(left), toNumber(right)));
  }
  const result = operation.integers(integerOf(left), integerOf(right));
  const narrow = left instanceof Int32 && right instanceof Int32;
  if (narrow && result >= INT32_MIN && result <= INT32_MAX) return new Int32(Number(result));
  if (result >= INT64_MIN && result <= INT64_MAX) return Long.fromBigInt(result);
  throw new CommandError(
    'BadValue',
    `Failed to apply ${name} operations to current value: the result overflows 64 bits`,
  );
}

function combineDecimals(left: NumberValue, right: NumberValue, operation: Operation): Decimal128 {
  const leftExact = exactDecimal(left);
  const rightExact = exactDecimal(right);
  if (typeof leftExact !== 'number' && typeof rightExact !== 'number') {
    return toDecimal128(operation.decimals(leftExact, rightExact));
  }
  // One operand is NaN or infinite. Doubles follow the same rules.
  const special = operation.doubles(
    typeof leftExact === 'number' ? leftExact : signOf(leftExact.coefficient),
    typeof rightExact === 'number' ? rightExact : signOf(rightExact.coefficient),
  );
  return Decimal128.fromString(String(special));
}

/** MongoDB converts a double to a decimal of 15 digits, so that 0.1 becomes 0.1. */
function exactDecimal(value: NumberValue): ReturnType<typeof exactValue> {
  if (!(value instanceof Double) || !Number.isFinite(value.value)) return exactValue(value);
  return exactValue(Decimal128.fromString(value.value.toPrecision(15)));
}

function integerOf(value: NumberValue): bigint {
  return value instanceof Long ? value.toBigInt() : BigInt(toNumber(value));
}
