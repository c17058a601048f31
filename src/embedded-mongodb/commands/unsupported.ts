/**
 * Refuses features that MongoDB has and this database does not have, so that no command quietly does
 * something else.
 */

import { type BsonDocument, isDocument } from '../bson/value.ts';
import { CommandError } from '../command-error.ts';
import type { CommandContext } from './command.ts';

export function unsupported(feature: string): CommandError {
  return new CommandError('CommandNotSupported', `${feature} is not supported by the embedded database`);
}

/** A collation changes which strings are equal. Only the simple one is supported. */
export function refuseCollation(source: BsonDocument): void {
  const collation = source['collation'];
  if (collation === undefined || (isDocument(collation) && collation['locale'] === 'simple')) return;
  throw unsupported('collation');
}

/** The fields that drivers may send with any command. */
const GENERIC_FIELDS: ReadonlySet<string> = new Set([
  '$db',
  '$readPreference',
  '$clusterTime',
  'lsid',
  'readConcern',
  'writeConcern',
  'maxTimeMS',
  'comment',
  'apiVersion',
  'apiStrict',
  'apiDeprecationErrors',
]);

/** Ignoring a mistyped field would ignore the filter or limit that it was meant to be. */
export function refuseUnknownFields({ name, command }: CommandContext, known: ReadonlySet<string>): void {
  for (const field of Object.keys(command)) {
    if (field === name || known.has(field) || GENERIC_FIELDS.has(field)) continue;
    throw new CommandError(
      'IDLUnknownField',
      `BSON field '${name}.${field.slice(0, 200)}' is an unknown field.`,
    );
  }
}
