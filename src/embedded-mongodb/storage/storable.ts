/**
 * Refuses what MongoDB refuses to store: documents that are too large or nested too deeply, and dates that
 * JavaScript cannot represent. Collections call it before every write.
 */
import { type BsonDocument, isDocument, MAX_DOCUMENT_BYTES, type Value } from '../bson/value.ts';
import { CommandError } from '../command-error.ts';

/** MongoDB's maximum depth of nested documents and arrays. */
const MAX_NESTING_DEPTH = 200;

/** @throws CommandError BSONObjectTooLarge, Overflow, BadValue */
export function assertStorable(document: BsonDocument, bytes: Uint8Array): void {
  if (bytes.length > MAX_DOCUMENT_BYTES) {
    const sizes = `size in bytes: ${bytes.length}, max size: ${MAX_DOCUMENT_BYTES}`;
    throw new CommandError('BSONObjectTooLarge', `object to insert too large. ${sizes}`);
  }
  assertValue(document, 0);
}

function assertValue(value: Value, depth: number): void {
  if (depth > MAX_NESTING_DEPTH) {
    throw new CommandError('Overflow', `document exceeds the nesting depth limit of ${MAX_NESTING_DEPTH}`);
  }
  // BSON dates reach further than JavaScript's, so an update would change such a date.
  if (value instanceof Date && Number.isNaN(value.getTime())) {
    throw new CommandError('BadValue', 'a date is out of range');
  }
  for (const element of elementsOf(value)) assertValue(element, depth + 1);
}

function elementsOf(value: Value): readonly Value[] {
  if (Array.isArray(value)) return value;
  return isDocument(value) ? Object.values(value) : [];
}
