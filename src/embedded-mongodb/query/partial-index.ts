/** Decides whether a partial index holds every document that a query may match. Called by the planner. */

import { equalValues } from '../bson/compare.ts';
import { type BsonDocument, isDocument, isNullish, type Value } from '../bson/value.ts';
import { type Conjunction, conjunctionOf } from '../filter/conjunction.ts';

/** True if the filter repeats every condition of the partial filter, or implies an `$exists: true` in it. */
export function implies(conjunction: Conjunction, partialFilter: BsonDocument): boolean {
  for (const [path, conditions] of conjunctionOf(partialFilter)) {
    const demanded = conjunction.get(path) ?? [];
    for (const condition of conditions) {
      const same = demanded.some((value) => equalValues(value, condition));
      if (!same && !(isExistence(condition) && demanded.some(demandsPresence))) return false;
    }
  }
  // Other top-level operators than `$and` would need a proof.
  return Object.keys(partialFilter).every((name) => !name.startsWith('$') || name === '$and');
}

function isExistence(condition: Value): boolean {
  return isDocument(condition) && Object.keys(condition).length === 1 && condition['$exists'] === true;
}

/** A comparison with a value other than null matches no document without the field. */
function demandsPresence(condition: Value): boolean {
  if (isNullish(condition)) return false;
  if (!isDocument(condition)) return true;
  const [operator] = Object.keys(condition);
  if (operator === undefined || !operator.startsWith('$')) return true;
  return ['$eq', '$gt', '$gte', '$lt', '$lte'].includes(operator) && !isNullish(condition[operator]);
}
