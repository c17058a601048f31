/**
 * Refuses features that MongoDB has and this database does not have, so that no command quietly does
 * something else.
 */

import { type BsonDocument, isDocument } from '../bson/value.ts';
import { CommandError } from '../command-error.ts';

export function unsupported(feature: string): CommandError {
  return new CommandError('CommandNotSupported', `${feature} is not supported by the embedded database`);
}

/** A collation changes which strings are equal. Only the simple one is supported. */
export function refuseCollation(source: BsonDocument): void {
  const collation = source['collation'];
  if (collation === undefined || (isDocument(collation) && collation['locale'] === 'simple')) return;
  throw unsupported('collation');
}

/** @param names options that change what a command does. Refused unless they are absent or false. */
export function refuseOptions(source: BsonDocument, names: readonly string[]): void {
  const refused = names.find((name) => source[name] !== undefined && source[name] !== false);
  if (refused !== undefined) throw unsupported(`the option ${refused}`);
}
