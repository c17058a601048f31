/** The update operators on arrays: $push, $addToSet, $pull, $pullAll and $pop. */

import { compareValues, equalValues } from '../bson/compare.ts';
import { typeAlias } from '../bson/type-names.ts';
import { BSONRegExp, type BsonDocument, isDocument, toNumber, type Value } from '../bson/value.ts';
import { CommandError } from '../command-error.ts';
import { compileElementTest } from '../filter/array.ts';
import { compileCondition, compilerAt } from '../filter/filter.ts';
import type { ValueTest } from '../filter/predicate.ts';
import { parseSort } from '../query/sort.ts';
import { Sorter } from '../query/sorter.ts';
import { identityOf } from '../storage/keys/key.ts';
import type { ComputeCompiler } from './change.ts';

/** Computes the new array from the present one, which is undefined if the field is missing. */
export type ArrayUpdate = (array: readonly Value[] | undefined) => readonly Value[] | undefined;

const MODIFIERS = new Set(['$each', '$position', '$slice', '$sort']);

export function compilePush(operand: Value): ArrayUpdate {
  if (!isDocument(operand) || !Object.hasOwn(operand, '$each')) return (array) => [...(array ?? []), operand];
  for (const name of Object.keys(operand)) {
    if (!MODIFIERS.has(name)) throw new CommandError('BadValue', `Unrecognized clause in $push: ${name}`);
  }
  const added = eachOf('$push', operand);
  const position = modifier(operand, '$position');
  const slice = modifier(operand, '$slice');
  const sort = compileArraySort(operand['$sort']);
  return (array = []) => {
    const start = position === undefined ? array.length : insertionPoint(position, array.length);
    const joined = sort([...array.slice(0, start), ...added, ...array.slice(start)]);
    if (slice === undefined) return joined;
    return slice >= 0 ? joined.slice(0, slice) : joined.slice(slice);
  };
}

export function compileAddToSet(operand: Value): ArrayUpdate {
  const withEach = isDocument(operand) && Object.hasOwn(operand, '$each');
  const added = withEach ? eachOf('$addToSet', operand) : [operand];
  return (array = []) => {
    const known = new Set(array.map(identityOf));
    const result = [...array];
    for (const value of added) {
      const identity = identityOf(value);
      if (known.has(identity)) continue;
      known.add(identity);
      result.push(value);
    }
    return result;
  };
}

export function compilePull(operand: Value): ArrayUpdate {
  const matches = pullTest(operand);
  return (array) => array?.filter((element) => !matches(element));
}

export function compilePullAll(operand: Value): ArrayUpdate {
  if (!Array.isArray(operand)) throw new CommandError('BadValue', '$pullAll requires an array argument');
  const pulled = new Set(operand.map(identityOf));
  return (array) => array?.filter((element) => !pulled.has(identityOf(element)));
}

export function compilePop(operand: Value): ArrayUpdate {
  const end = toNumber(operand);
  if (end !== 1 && end !== -1) throw new CommandError('FailedToParse', '$pop expects 1 or -1');
  return (array) => (end === 1 ? array?.slice(0, -1) : array?.slice(1));
}

/** Applies the update to the field at the operator's path. */
export function arrayOperator(name: string, compile: (operand: Value) => ArrayUpdate): ComputeCompiler {
  return (operand, path) => {
    const update = compile(operand);
    return (present, value) => update(asArray(name, path, present, value)) as Value[] | undefined;
  };
}

/** @throws CommandError BadValue if the field is not an array */
function asArray(
  operator: string,
  path: string,
  present: boolean,
  value: Value,
): readonly Value[] | undefined {
  if (!present) return undefined;
  if (Array.isArray(value)) return value;
  const message = `The field '${path}' must be an array but is of type ${typeAlias(value)}, for ${operator}`;
  throw new CommandError('BadValue', message);
}

/** Operators and regular expressions also look into elements that are arrays. Other values must be equal. */
function pullTest(operand: Value): ValueTest {
  if (isDocument(operand)) return compileElementTest(operand, compilerAt(1));
  if (!(operand instanceof BSONRegExp)) return (element) => equalValues(element, operand);
  const test = compileCondition(operand, 1);
  return (element) => test([element]);
}

function eachOf(name: string, operand: BsonDocument): readonly Value[] {
  const each = operand['$each'];
  if (!Array.isArray(each)) {
    throw new CommandError(
      'BadValue',
      `The argument to $each in ${name} must be an array but it was of type ${typeAlias(each)}`,
    );
  }
  return each;
}

function modifier(operand: BsonDocument, name: string): number | undefined {
  const value = operand[name];
  if (value === undefined) return undefined;
  const number = toNumber(value);
  if (!Number.isInteger(number))
    throw new CommandError('BadValue', `The value for ${name} must be an integer value`);
  return number;
}

function insertionPoint(position: number, length: number): number {
  return position >= 0 ? Math.min(position, length) : Math.max(0, length + position);
}

function compileArraySort(specification: Value): (array: Value[]) => Value[] {
  if (specification === undefined) return (array) => array;
  if (isDocument(specification)) {
    const fields = parseSort(specification);
    return (array) => {
      const sorter = new Sorter<Value>(fields);
      for (const element of array) sorter.add(isDocument(element) ? element : {}, element, 0);
      return sorter.sorted();
    };
  }
  const direction = toNumber(specification);
  if (direction !== 1 && direction !== -1)
    throw new CommandError('BadValue', 'The $sort is invalid: use 1, -1 or a document');
  return (array) => array.toSorted((left, right) => direction * compareValues(left, right));
}
