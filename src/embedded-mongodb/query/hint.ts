/** The hint of a command: the index that a query has to use. */

import { equalValues } from '../bson/compare.ts';
import { type BsonDocument, isDocument, toNumber, type Value } from '../bson/value.ts';
import { CommandError } from '../command-error.ts';
import type { Collection } from '../storage/collection.ts';
import type { StoredIndex } from '../storage/indexes/stored-index.ts';

/** An index, or the order in which the documents were inserted, from the first on or from the last. */
export type Hint = StoredIndex | 'natural' | 'natural backward';

/** @throws CommandError BadValue if there is no such index */
export function resolveHint(collection: Collection, hint: Value): Hint | undefined {
  if (hint === undefined || hint === null) return undefined;
  if (isDocument(hint) && Object.keys(hint).length === 0) return undefined;
  if (isDocument(hint) && Object.hasOwn(hint, '$natural')) return naturalOrder(hint);
  const index = collection.visibleIndexes.find(({ definition }) =>
    typeof hint === 'string' ? definition.name === hint : equalValues(definition.specification['key'], hint),
  );
  if (index === undefined)
    throw new CommandError('BadValue', 'hint provided does not correspond to an existing index');
  return index;
}

function naturalOrder(hint: BsonDocument): Hint {
  const direction = toNumber(hint['$natural']);
  const valid = Object.keys(hint).length === 1 && Math.abs(direction) === 1;
  if (!valid)
    throw new CommandError('BadValue', '$natural hint may only have the value 1 or -1, and no other field');
  return direction === 1 ? 'natural' : 'natural backward';
}
