/** The array operators of a filter: $size, $all and $elemMatch. */
import { isReferenceField } from '../bson/reference.ts';
import { type BsonDocument, isDocument, toNumber, type Value } from '../bson/value.ts';
import { CommandError } from '../command-error.ts';
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
  const tests = operand.map((value) => {
    if (isOperatorDocument(value) && Object.keys(value).join() !== '$elemMatch')
      throw new CommandError('BadValue', 'no $ expressions in $all');
    return nested.condition(value);
  });
  return (found) => tests.every((test) => test(found));
}

export function compileElemMatch(operand: Value, nested: NestedCompiler): FoundPredicate {
  if (!isDocument(operand)) throw new CommandError('BadValue', '$elemMatch needs an Object');
  const matches = compileElementTest(operand, nested);
  return (found) => found.some((value) => Array.isArray(value) && value.some(matches));
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
  const names = Object.keys(operand);
  return isOperatorDocument(operand) && !LOGICAL.has(names[0] ?? '') && !names.some(isReferenceField);
}
