/**
 * The conditions of a filter that all must hold, by path. The planner reads index bounds from them, and an
 * upsert reads the fields of the new document.
 */
import { type BsonDocument, isDocument, type Value } from '../bson/value.ts';

export type Conjunction = ReadonlyMap<string, readonly Value[]>;

/** Flattens `$and`. Other operators at the top of the filter are left out. */
export function conjunctionOf(filter: BsonDocument): Conjunction {
  const conditions = new Map<string, Value[]>();
  collectConditions(filter, conditions);
  return conditions;
}

function collectConditions(filter: BsonDocument, conditions: Map<string, Value[]>): void {
  for (const name of Object.keys(filter)) {
    const operand = filter[name];
    if (name === '$and' && Array.isArray(operand)) {
      for (const branch of operand) if (isDocument(branch)) collectConditions(branch, conditions);
    } else if (!name.startsWith('$')) {
      const known = conditions.get(name);
      if (known === undefined) conditions.set(name, [operand]);
      else known.push(operand);
    }
  }
}
