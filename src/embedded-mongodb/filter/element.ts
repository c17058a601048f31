/** The element operators of a filter: $exists and $type. */

import { MISSING } from '../bson/path.ts';
import { TYPE_NUMBERS, typeAlias } from '../bson/type-names.ts';
import { isNumber, isTruthy, toNumber, type Value } from '../bson/value.ts';
import { CommandError } from '../command-error.ts';
import { anyValue, type FoundPredicate } from './predicate.ts';
export function compileExists(operand: Value): FoundPredicate {
  const wanted = isTruthy(operand);
  return (found) => found.some((value) => value !== MISSING) === wanted;
}

/** `$type: 'number'` stands for four types. */
const NUMBER_TYPES: readonly number[] = [
  TYPE_NUMBERS.double,
  TYPE_NUMBERS.int,
  TYPE_NUMBERS.long,
  TYPE_NUMBERS.decimal,
];
const ALIASES: ReadonlyMap<string, number> = new Map(Object.entries(TYPE_NUMBERS));
const KNOWN_NUMBERS: ReadonlySet<number> = new Set(ALIASES.values());

export function compileType(operand: Value): FoundPredicate {
  const names = Array.isArray(operand) ? operand : [operand];
  if (names.length === 0) throw new CommandError('FailedToParse', '$type must match at least one type');
  const numbers = new Set(names.flatMap(typeNumbers));
  const matches = (value: Value): boolean => numbers.has(TYPE_NUMBERS[typeAlias(value)]);
  return anyValue(matches, false);
}

function typeNumbers(name: Value): readonly number[] {
  if (name === 'number') return NUMBER_TYPES;
  if (typeof name === 'string') {
    const number = ALIASES.get(name);
    if (number === undefined) throw new CommandError('BadValue', `Unknown type name alias: ${name}`);
    return [number];
  }
  if (!isNumber(name))
    throw new CommandError('TypeMismatch', 'type must be represented as a number or a string');
  const number = toNumber(name);
  if (!KNOWN_NUMBERS.has(number))
    throw new CommandError('BadValue', `Invalid numerical type code: ${number}`);
  return [number];
}
