/** The array operators of a filter: $size, $all and $elemMatch. */

import { type Found, MISSING } from '../bson/path.ts';
import { isReferenceField } from '../bson/reference.ts';
import { BSONRegExp, type BsonDocument, isDocument, namesOf, toNumber, type Value } from '../bson/value.ts';
import { CommandError } from '../command-error.ts';
import { identityOf } from '../storage/keys/key.ts';
import { spendWork } from '../work.ts';
import { LOOKUP_THRESHOLD } from './comparison.ts';
import { isOperatorDocument } from './operator-document.ts';
import type { FoundPredicate, NestedCompiler, ValueTest } from './predicate.ts';

export function compileSize(operand: Value): FoundPredicate {
  const size = toNumber(operand);
  if (!Number.isInteger(size))
    throw new CommandError('FailedToParse', 'Failed to parse $size. Expected an integer');
  if (size < 0)
    throw new CommandError('FailedToParse', 'Failed to parse $size. Expected a non-negative number');
  return (found) => found.some((value) => Array.isArray(value) && value.length === size);
}

export function compileAll(operand: Value, nested: NestedCompiler): FoundPredicate {
  if (!Array.isArray(operand)) throw new CommandError('BadValue', '$all needs an array');
  if (operand.length === 0) return () => false;
  const [patterns, values] = separate(operand);
  const tests = patterns.map((value) => nested.condition(value));
  if (values.length >= LOOKUP_THRESHOLD) tests.push(allOfMany(values));
  else tests.push(...values.map((value) => nested.condition(value)));
  return (found) => tests.every((test) => test(found));
}

/** Regular expressions and `$elemMatch`, and plain values. */
function separate(operand: readonly Value[]): [patterns: Value[], values: Value[]] {
  const patterns: Value[] = [];
  const values: Value[] = [];
  for (const value of operand) {
    if (isOperatorDocument(value) && Object.keys(value).join() !== '$elemMatch')
      throw new CommandError('BadValue', 'no $ expressions in $all');
    (isOperatorDocument(value) || value instanceof BSONRegExp ? patterns : values).push(value);
  }
  return [patterns, values];
}

/** Looks each wanted value up among those of the document, instead of comparing every pair. */
function allOfMany(values: readonly Value[]): FoundPredicate {
  let wanted: readonly string[] | undefined;
  return (found) => {
    wanted ??= [...new Set(values.map(identityOf))];
    const present = new Set(found.flatMap(valuesToMatch).map(identityOf));
    spendWork(wanted.length + present.size);
    return wanted.every((identity) => present.has(identity));
  };
}

/** A value matches as it is and, if it is an array, by its elements. A missing field matches null. */
function valuesToMatch(value: Found): Value[] {
  if (value === MISSING) return [null];
  return Array.isArray(value) ? [value, ...value] : [value];
}

export function compileElemMatch(operand: Value, nested: NestedCompiler): FoundPredicate {
  if (!isDocument(operand)) throw new CommandError('BadValue', '$elemMatch needs an Object');
  const matches = compileElementTest(operand, nested);
  return (found) => found.some((value) => Array.isArray(value) && hasElement(value, matches));
}

function hasElement(array: readonly Value[], matches: ValueTest): boolean {
  spendWork(array.length);
  return array.some(matches);
}

const LOGICAL = new Set(['$and', '$or', '$nor']);

/**
 * Tests one element of an array, for $elemMatch and $pull. Operators test the element itself. Any other
 * operand is a filter on elements that are documents.
 */
export function compileElementTest(operand: BsonDocument, nested: NestedCompiler): ValueTest {
  if (testsElementItself(operand)) {
    const test = nested.condition(operand);
    return (element) => test([element]);
  }
  const filter = nested.filter(operand);
  return (element) => isDocument(element) && filter(element);
}

function testsElementItself(operand: BsonDocument): boolean {
  const names = namesOf(operand);
  return isOperatorDocument(operand) && !LOGICAL.has(names[0] ?? '') && !names.some(isReferenceField);
}
