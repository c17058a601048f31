/**
 * MongoDB's error for a key that a unique index holds already, with the fields that drivers and users read.
 */
import { type BsonDocument, namesOf, type Value } from '../../bson/value.ts';
import { CommandError } from '../../command-error.ts';
import type { IndexDefinition } from './index-definition.ts';
import { keyValue } from './index-keys.ts';

const MAX_DESCRIPTION_LENGTH = 200;

export function duplicateKeyError(
  namespace: string,
  definition: IndexDefinition,
  document: BsonDocument,
): CommandError {
  const value = keyValue(definition, document);
  const description = namesOf(value).map((path) => `${path}: ${describe(value[path])}`);
  return new CommandError(
    'DuplicateKey',
    `E11000 duplicate key error collection: ${namespace} index: ${definition.name} ` +
      `dup key: { ${description.join(', ')} }`,
    { keyPattern: definition.specification['key'], keyValue: value },
  );
}

function describe(value: Value): string {
  const text = String(JSON.stringify(value));
  return text.length > MAX_DESCRIPTION_LENGTH ? `${text.slice(0, MAX_DESCRIPTION_LENGTH)}…` : text;
}
