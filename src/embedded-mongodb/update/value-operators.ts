/** The update operators that compute one value: $inc, $mul, $min, $max, $currentDate and $bit. */

import { add, multiply } from '../bson/arithmetic.ts';
import { compareValues } from '../bson/compare.ts';
import { typeAlias } from '../bson/type-names.ts';
import { Int32, isDocument, isNumber, Long, Timestamp, toNumber, type Value } from '../bson/value.ts';
import { CommandError } from '../command-error.ts';
import type { Compute } from './change.ts';

export function compileIncrement(operand: Value, path: string): Compute {
  return arithmetic('$inc', operand, path, add);
}

export function compileMultiply(operand: Value, path: string): Compute {
  return arithmetic('$mul', operand, path, multiply);
}

export function compileMinimum(operand: Value): Compute {
  return (present, value) => (!present || compareValues(operand, value) < 0 ? operand : undefined);
}

export function compileMaximum(operand: Value): Compute {
  return (present, value) => (!present || compareValues(operand, value) > 0 ? operand : undefined);
}

export function compileCurrentDate(operand: Value): Compute {
  const type = isDocument(operand) ? operand['$type'] : 'date';
  const valid = operand === true || operand === false || isDocument(operand);
  if (!valid || (type !== 'date' && type !== 'timestamp')) {
    throw new CommandError('BadValue', "$currentDate takes true or {$type: 'date'} or {$type: 'timestamp'}");
  }
  return () => {
    const now = Date.now();
    return type === 'date' ? new Date(now) : new Timestamp({ t: Math.floor(now / 1000), i: 1 });
  };
}

export function compileBit(operand: Value): Compute {
  const [name, ...others] = isDocument(operand) ? Object.keys(operand) : [];
  const mask = isDocument(operand) && name !== undefined ? operand[name] : undefined;
  if (others.length > 0 || !(mask instanceof Int32 || mask instanceof Long)) {
    throw new CommandError('BadValue', '$bit takes one of {and: n}, {or: n}, {xor: n} with an integer n');
  }
  const operation = name === undefined ? undefined : BIT_OPERATIONS.get(name);
  if (operation === undefined)
    throw new CommandError('BadValue', "The $bit modifier only supports 'and', 'or', and 'xor'");
  return (present, value) => {
    const current = present ? value : new Int32(0);
    if (!(current instanceof Int32 || current instanceof Long) || current instanceof Timestamp) {
      throw new CommandError(
        'BadValue',
        `Cannot apply $bit to a value of non-integral type ${typeAlias(current)}`,
      );
    }
    const result = operation(integer(current), integer(mask));
    return current instanceof Int32 && mask instanceof Int32
      ? new Int32(Number(result))
      : Long.fromBigInt(result);
  };
}

const BIT_OPERATIONS = new Map<string, (left: bigint, right: bigint) => bigint>([
  ['and', (left, right) => left & right],
  ['or', (left, right) => left | right],
  ['xor', (left, right) => left ^ right],
]);

function integer(value: Int32 | Long): bigint {
  return value instanceof Long ? value.toBigInt() : BigInt(toNumber(value));
}

function arithmetic(operator: string, operand: Value, path: string, combine: typeof add): Compute {
  if (!isNumber(operand)) {
    const verb = operator === '$inc' ? 'increment' : 'multiply';
    const argument = `{${path}: (${typeAlias(operand)})}`;
    throw new CommandError('TypeMismatch', `Cannot ${verb} with non-numeric argument: ${argument}`);
  }
  return (present, value) => {
    if (!present) return operator === '$inc' ? operand : multiply(operand, new Int32(0));
    if (isNumber(value)) return combine(value, operand);
    const found = `the field '${path}' has type ${typeAlias(value)}`;
    throw new CommandError(
      'TypeMismatch',
      `Cannot apply ${operator} to a value of non-numeric type: ${found}`,
    );
  };
}
