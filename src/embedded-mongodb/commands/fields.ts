/**
 * Refuses unknown fields, as MongoDB does. To ignore a mistyped field would be to ignore the filter, the
 * limit or the option that it was meant to be.
 */
import type { BsonDocument } from '../bson/value.ts';
import { CommandError } from '../command-error.ts';

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

const MAX_SHOWN_LENGTH = 200;

/** @param sequences the names of fields that did not come in the command's body */
export function refuseUnknownCommandFields(
  name: string,
  command: BsonDocument,
  sequences: Iterable<string>,
  known: ReadonlySet<string>,
): void {
  for (const field of Object.keys(command)) {
    if (field !== name && !known.has(field) && !GENERIC_FIELDS.has(field)) throw unknownField(name, field);
  }
  for (const field of sequences) if (!known.has(field)) throw unknownField(name, field);
}

/** @param path of the document in its command, such as `update.updates` */
export function refuseUnknownFields(path: string, document: BsonDocument, known: ReadonlySet<string>): void {
  for (const field of Object.keys(document)) if (!known.has(field)) throw unknownField(path, field);
}

/** @throws CommandError for a statement that lacks a field without which it would mean something else */
export function requireField(path: string, document: BsonDocument, field: string): void {
  if (document[field] !== undefined && document[field] !== null) return;
  const message = `BSON field '${path}.${field}' is missing but a required field`;
  throw new CommandError('IDLFailedToParse', message);
}

function unknownField(path: string, field: string): CommandError {
  const message = `BSON field '${path}.${field.slice(0, MAX_SHOWN_LENGTH)}' is an unknown field.`;
  return new CommandError('IDLUnknownField', message);
}
