/**
 * The fields that a filter fixes to one value. An upsert copies them into the new document. As in MongoDB, a
 * filter with `$in` of one value, `$all`, or `$or` with one branch fixes values too.
 */

import { splitPath } from '../bson/path.ts';
import { BSONRegExp, type BsonDocument, isDocument, namesOf, type Value } from '../bson/value.ts';
import { CommandError } from '../command-error.ts';
import { isOperatorDocument } from '../filter/operator-document.ts';
import { identityOf } from '../storage/keys/key.ts';
import { findConflict } from './paths.ts';

/** A path, and the value that the filter asks for. */
type Equality = readonly [path: string, value: Value];

/**
 * By path.
 * @throws CommandError NotSingleValueField if the filter fixes a path twice, or a path and one inside it
 */
export function equalities(filter: BsonDocument): ReadonlyMap<string, Value> {
  const found = equalitiesOf(filter);
  const conflict = findConflict(found.map(([path]) => path));
  if (conflict === undefined) return new Map(found);
  const { path, other } = conflict;
  const what =
    path === other ? `path '${path}' is matched twice` : `both paths '${path}' and '${other}' are matched`;
  throw new CommandError('NotSingleValueField', `cannot infer query fields to set, ${what}`);
}

/**
 * The _id for a replacement, which gets no other field from the filter. Undefined if the filter fixes none.
 * @throws CommandError NotSingleValueField, NotExactValueField
 */
export function fixedId(filter: BsonDocument): Value {
  const found = equalitiesOf(filter).filter(([path]) => splitPath(path)[0] === '_id');
  const [inside] = found.find(([path]) => path !== '_id') ?? [];
  if (inside !== undefined) {
    const message = `field at '_id' must be exactly specified, field at sub-path '${inside}' found`;
    throw new CommandError('NotExactValueField', message);
  }
  if (found.length > 1) {
    throw new CommandError(
      'NotSingleValueField',
      "cannot infer query fields to set, path '_id' is matched twice",
    );
  }
  return found[0]?.[1];
}

function equalitiesOf(filter: BsonDocument): Equality[] {
  return namesOf(filter).flatMap((name): Equality[] => {
    const operand = filter[name];
    if (!name.startsWith('$')) return fixedValues(operand).map((value) => [name, value]);
    const branches = Array.isArray(operand) ? operand.filter(isDocument) : [];
    const holds = name === '$and' || (name === '$or' && branches.length === 1);
    return holds ? branches.flatMap(equalitiesOf) : [];
  });
}

function fixedValues(condition: Value): readonly Value[] {
  if (!isOperatorDocument(condition)) return [condition].filter(isPlain);
  return Object.keys(condition).flatMap((operator) => valuesFixedBy(operator, condition[operator]));
}

function valuesFixedBy(operator: string, operand: Value): readonly Value[] {
  if (operator === '$eq') return [operand];
  if (!Array.isArray(operand)) return [];
  if (operator === '$all') return operand.filter(isPlain);
  const isSingle = operator === '$in' && new Set(operand.map(identityOf)).size === 1;
  return isSingle ? operand.slice(0, 1).filter(isPlain) : [];
}

/** Neither a pattern nor operators. */
function isPlain(value: Value): boolean {
  return !(value instanceof BSONRegExp) && !isOperatorDocument(value);
}
