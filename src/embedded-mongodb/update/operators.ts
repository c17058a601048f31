/**
 * The update operators: each entry of `{$set: {path: operand}}` becomes one change of one path. Paths
 * that overlap conflict, whichever operators name them.
 */

import { compareStrings, compareValues } from '../bson/compare.ts';
import { type Path, splitPath } from '../bson/path.ts';
import {
  type BsonDocument,
  cloneValue,
  Int32,
  isDocument,
  isNumber,
  Long,
  Timestamp,
  toNumber,
  typeOf,
  type Value,
} from '../bson/value.ts';
import { CommandError } from '../errors.ts';
import {
  type ArrayUpdate,
  asArray,
  compileAddToSet,
  compilePop,
  compilePull,
  compilePullAll,
  compilePush,
} from './array-operators.ts';
import { add, multiply } from './numbers.ts';
import { assertViable, readTarget, removeTarget, writeTarget } from './target.ts';
import { identical } from './update.ts';

export interface PathChange {
  readonly path: string;
  readonly onlyOnInsert: boolean;
  /** Changes the document in place. @returns whether anything is different now */
  apply(document: BsonDocument): boolean;
}

/** Given what stands at a path, what shall stand there; undefined leaves it as it is. */
type Compute = (present: boolean, value: Value) => Value;
type OperatorCompiler = (operand: Value, path: string) => Compute;

const MAX_CHANGES = 10_000;

const COMPUTED: ReadonlyMap<string, OperatorCompiler> = new Map<string, OperatorCompiler>([
  ['$set', (operand) => () => nullForUndefined(operand)],
  ['$setOnInsert', (operand) => () => nullForUndefined(operand)],
  ['$inc', (operand, path) => arithmetic('$inc', operand, path, (current, by) => add(current, by))],
  ['$mul', (operand, path) => arithmetic('$mul', operand, path, (current, by) => multiply(current, by))],
  [
    '$min',
    (operand) => (present, value) => (!present || compareValues(operand, value) < 0 ? operand : undefined),
  ],
  [
    '$max',
    (operand) => (present, value) => (!present || compareValues(operand, value) > 0 ? operand : undefined),
  ],
  ['$currentDate', compileCurrentDate],
  ['$bit', compileBit],
  ['$push', arrayOperator('$push', compilePush)],
  ['$addToSet', arrayOperator('$addToSet', compileAddToSet)],
  ['$pull', arrayOperator('$pull', compilePull)],
  ['$pullAll', arrayOperator('$pullAll', compilePullAll)],
  ['$pop', arrayOperator('$pop', compilePop)],
]);

/** The changes in the order in which MongoDB makes them: by path. */
export function compileOperators(update: BsonDocument): readonly PathChange[] {
  const changes: PathChange[] = [];
  const named: string[] = [];
  for (const operator of Object.keys(update)) {
    const fields = update[operator];
    if (!operator.startsWith('$')) throw unknownModifier(operator);
    if (operator !== '$unset' && operator !== '$rename' && !COMPUTED.has(operator))
      throw unknownModifier(operator);
    if (!isDocument(fields)) {
      const message = `Modifiers operate on fields but we found type ${typeOf(fields).alias} instead, for ${operator}`;
      throw new CommandError('FailedToParse', message);
    }
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
  return changes.toSorted((left, right) => compareStrings(left.path, right.path));
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
  // A copy: the operand belongs to the command and may be applied to many documents.
  writeTarget(document, path, cloneValue(next));
  return true;
}

function compileRename(path: string, operand: Value): PathChange {
  if (typeof operand !== 'string')
    throw new CommandError('BadValue', "The 'to' field for $rename must be a string");
  const from = splitPath(path);
  const to = splitPath(operand);
  return {
    path,
    onlyOnInsert: false,
    apply: (document) => {
      assertNoArrays(document, from);
      assertNoArrays(document, to);
      const { present, value } = readTarget(document, from);
      if (!present) return false;
      assertViable(document, to);
      removeTarget(document, from);
      writeTarget(document, to, value);
      return true;
    },
  };
}

function assertNoArrays(document: BsonDocument, path: Path): void {
  for (let depth = 1; depth < path.length; depth += 1) {
    if (!Array.isArray(readTarget(document, path.slice(0, depth)).value)) continue;
    throw new CommandError('BadValue', `The field of $rename cannot be below an array: ${path.join('.')}`);
  }
}

function arithmetic(operator: string, operand: Value, path: string, combine: typeof add): Compute {
  if (!isNumber(operand)) {
    const message = `Cannot ${operator === '$inc' ? 'increment' : 'multiply'} with non-numeric argument: {${path}: (${typeOf(operand).alias})}`;
    throw new CommandError('TypeMismatch', message);
  }
  return (present, value) => {
    if (!present) return operator === '$inc' ? operand : multiply(operand, new Int32(0));
    if (isNumber(value)) return combine(value, operand);
    const message = `Cannot apply ${operator} to a value of non-numeric type: the field '${path}' has type ${typeOf(value).alias}`;
    throw new CommandError('TypeMismatch', message);
  };
}

function compileCurrentDate(operand: Value): Compute {
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

function compileBit(operand: Value): Compute {
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
        `Cannot apply $bit to a value of non-integral type ${typeOf(current).alias}`,
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

function arrayOperator(name: string, compile: (operand: Value) => ArrayUpdate): OperatorCompiler {
  return (operand, path) => {
    const update = compile(operand);
    return (present, value) => update(asArray(name, path, present, value)) as Value[] | undefined;
  };
}

function nullForUndefined(value: Value): Value {
  return value === undefined ? null : value;
}

function assertPath(path: string): void {
  const parts = splitPath(path);
  if (parts.includes(''))
    throw new CommandError('EmptyFieldName', `The update path '${path}' contains an empty field name`);
  if (parts.length > 100) throw new CommandError('Overflow', 'an update path is too long');
  for (const part of parts) {
    if (part === '$' || part.startsWith('$[')) {
      throw new CommandError(
        'BadValue',
        `Positional operators are not supported by the embedded database: ${path}`,
      );
    }
    if (part.startsWith('$')) {
      const message = `The dollar ($) prefixed field '${part}' in '${path}' is not allowed in the context of an update`;
      throw new CommandError('DollarPrefixedFieldName', message);
    }
  }
}

/** Two changes of one path, or of a path and one below it, have no meaning together. */
function assertNoConflicts(paths: readonly string[]): void {
  const known = new Set(paths);
  if (known.size < paths.length) {
    const repeated = paths.find((path, index) => paths.indexOf(path) !== index) ?? '';
    throw conflict(repeated, repeated);
  }
  for (const path of paths) {
    for (let dot = path.lastIndexOf('.'); dot > 0; dot = path.lastIndexOf('.', dot - 1)) {
      const parent = path.slice(0, dot);
      if (known.has(parent)) throw conflict(path, parent);
    }
  }
}

function conflict(path: string, other: string): CommandError {
  const message = `Updating the path '${path}' would create a conflict at '${other}'`;
  return new CommandError('ConflictingUpdateOperators', message);
}

function unknownModifier(name: string): CommandError {
  return new CommandError('FailedToParse', `Unknown modifier: ${name}. Expected a valid update modifier`);
}
