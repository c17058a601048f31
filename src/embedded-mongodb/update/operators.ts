/**
 * The update operators. Each entry of a document such as `{$set: {path: operand}}` becomes one change. Two
 * operators must not name the same path, or a path and one inside it.
 */

import { identical } from '../bson/identical.ts';
import { type Path, splitPath } from '../bson/path.ts';
import { typeAlias } from '../bson/type-names.ts';
import { type BsonDocument, cloneValue, isDocument, type Value } from '../bson/value.ts';
import { CommandError } from '../command-error.ts';
import {
  arrayOperator,
  compileAddToSet,
  compilePop,
  compilePull,
  compilePullAll,
  compilePush,
} from './array-operators.ts';
import type { Compute, ComputeCompiler, PathChange } from './change.ts';
import { assertNoConflicts, assertPath, comparePaths } from './paths.ts';
import { compileRename } from './rename.ts';
import { assertViable, readTarget, removeTarget, writeTarget } from './target.ts';
import {
  compileBit,
  compileCurrentDate,
  compileIncrement,
  compileMaximum,
  compileMinimum,
  compileMultiply,
} from './value-operators.ts';

const MAX_CHANGES = 10_000;

const COMPUTED: ReadonlyMap<string, ComputeCompiler> = new Map<string, ComputeCompiler>([
  ['$set', compileSet],
  ['$setOnInsert', compileSet],
  ['$inc', compileIncrement],
  ['$mul', compileMultiply],
  ['$min', compileMinimum],
  ['$max', compileMaximum],
  ['$currentDate', compileCurrentDate],
  ['$bit', compileBit],
  ['$push', arrayOperator('$push', compilePush)],
  ['$addToSet', arrayOperator('$addToSet', compileAddToSet)],
  ['$pull', arrayOperator('$pull', compilePull)],
  ['$pullAll', arrayOperator('$pullAll', compilePullAll)],
  ['$pop', arrayOperator('$pop', compilePop)],
]);

/**
 * The changes in the order in which MongoDB makes them, which is by path. New fields are added in that order.
 */
export function compileOperators(update: BsonDocument): readonly PathChange[] {
  const changes: PathChange[] = [];
  const named: string[] = [];
  for (const operator of Object.keys(update)) {
    if (operator !== '$unset' && operator !== '$rename' && !COMPUTED.has(operator))
      throw unknownModifier(operator);
    const fields = fieldsOf(operator, update[operator]);
    for (const path of Object.keys(fields)) {
      named.push(path);
      const change = compileChange(operator, path, fields[path]);
      if (operator === '$rename') named.push(String(fields[path]));
      changes.push(change);
    }
  }
  if (changes.length > MAX_CHANGES)
    throw new CommandError('BadValue', `an update names at most ${MAX_CHANGES} paths`);
  for (const path of named) assertPath(path);
  assertNoConflicts(named);
  const placed = changes.map((change) => ({ change, parts: splitPath(change.path) }));
  return placed.toSorted((left, right) => comparePaths(left.parts, right.parts)).map(({ change }) => change);
}

function fieldsOf(operator: string, fields: Value): BsonDocument {
  if (isDocument(fields)) return fields;
  const found = `Modifiers operate on fields but we found type ${typeAlias(fields)} instead`;
  throw new CommandError('FailedToParse', `${found}, for ${operator}`);
}

function compileChange(operator: string, path: string, operand: Value): PathChange {
  const parts = splitPath(path);
  if (operator === '$unset')
    return { path, onlyOnInsert: false, apply: (document) => removeTarget(document, parts) };
  if (operator === '$rename') return compileRename(path, operand);
  const compute = COMPUTED.get(operator)?.(operand, path);
  if (compute === undefined) throw unknownModifier(operator);
  return {
    path,
    onlyOnInsert: operator === '$setOnInsert',
    apply: (document) => change(document, parts, compute),
  };
}

function change(document: BsonDocument, path: Path, compute: Compute): boolean {
  const { present, value } = readTarget(document, path);
  if (!present) assertViable(document, path);
  const next = compute(present, value);
  if (next === undefined || (present && identical(value, next))) return false;
  // A copy, because the same operand may be written to many documents.
  writeTarget(document, path, cloneValue(next));
  return true;
}

function compileSet(operand: Value): Compute {
  return () => (operand === undefined ? null : operand);
}

function unknownModifier(name: string): CommandError {
  return new CommandError('FailedToParse', `Unknown modifier: ${name}. Expected a valid update modifier`);
}
