/** The hint of a command: the index that a query has to use. */

import { equalValues } from '../bson/compare.ts';
import { isDocument, type Value } from '../bson/value.ts';
import { CommandError } from '../command-error.ts';
import type { Collection } from '../storage/collection.ts';
import type { StoredIndex } from '../storage/indexes/stored-index.ts';

/** `natural` reads the documents in the order of their insertion. */
export type Hint = StoredIndex | 'natural';

/** @throws CommandError BadValue if there is no such index */
export function resolveHint(collection: Collection, hint: Value): Hint | undefined {
  if (hint === undefined || hint === null) return undefined;
  if (isDocument(hint) && Object.keys(hint).length === 0) return undefined;
  if (isDocument(hint) && hint['$natural'] !== undefined) return 'natural';
  const index = collection.indexes.find(({ definition }) =>
    typeof hint === 'string' ? definition.name === hint : equalValues(definition.specification['key'], hint),
  );
  if (index === undefined)
    throw new CommandError('BadValue', 'hint provided does not correspond to an existing index');
  return index;
}
