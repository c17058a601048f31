/** The fields that a filter fixes to one value. An upsert copies them into the new document. */

import { typeAlias } from '../bson/type-names.ts';
import type { BsonDocument, Value } from '../bson/value.ts';
import { CommandError } from '../command-error.ts';
import { conjunctionOf } from '../filter/conjunction.ts';
import { isOperatorDocument } from '../filter/operator-document.ts';

/** @throws CommandError BadValue if the filter fixes one path twice */
export function equalities(filter: BsonDocument): Map<string, Value> {
  const fixed = new Map<string, Value>();
  for (const [path, conditions] of conjunctionOf(filter)) {
    for (const condition of conditions) {
      const value = fixedValue(condition);
      if (value === undefined) continue;
      if (fixed.has(path))
        throw new CommandError(
          'BadValue',
          `cannot infer query fields to set, path '${path}' is matched twice`,
        );
      fixed.set(path, value);
    }
  }
  return fixed;
}

function fixedValue(condition: Value): Value {
  if (typeAlias(condition) === 'regex') return undefined;
  if (!isOperatorDocument(condition)) return condition;
  if (Object.hasOwn(condition, '$eq')) return condition['$eq'];
  const list = condition['$in'] ?? condition['$all'];
  return Array.isArray(list) && list.length === 1 ? list[0] : undefined;
}
