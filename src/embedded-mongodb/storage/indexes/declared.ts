/** Whether an index is declared already, and whether a new one conflicts with it. Called by createIndexes. */
import { equalValues } from '../../bson/compare.ts';
import { CommandError } from '../../command-error.ts';
import { ID_INDEX_NAME, type IndexDefinition } from './index-definition.ts';

/** @throws CommandError if an index with the same name or key has other options */
export function isDeclared(existing: readonly IndexDefinition[], wanted: IndexDefinition): boolean {
  return existing.some((known) => isSame(known, wanted));
}

function isSame(known: IndexDefinition, wanted: IndexDefinition): boolean {
  const sameName = known.name === wanted.name;
  const sameKey = equalValues(known.specification['key'], wanted.specification['key']);
  const samePartial = equalValues(known.partialFilter, wanted.partialFilter);
  if (sameName && !sameKey) {
    throw new CommandError(
      'IndexKeySpecsConflict',
      `An existing index has the same name as the requested index, but a different key: ${known.name}`,
    );
  }
  // MongoDB allows several indexes on one key if their partial filters differ.
  if (!sameKey || (!sameName && !samePartial)) return false;
  if (!sameName || !sameOptions(known, wanted)) {
    throw new CommandError(
      'IndexOptionsConflict',
      `Index already exists with a different name or options: ${known.name}`,
    );
  }
  return true;
}

function sameOptions(left: IndexDefinition, right: IndexDefinition): boolean {
  return (
    (left.unique === right.unique || left.name === ID_INDEX_NAME) &&
    left.sparse === right.sparse &&
    left.expireAfterSeconds === right.expireAfterSeconds &&
    equalValues(left.partialFilter, right.partialFilter)
  );
}
