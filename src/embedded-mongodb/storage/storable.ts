/**
 * What a collection does not take, as MongoDB does not: documents that are too large or too deep, and dates
 * that JavaScript could not keep.
 */
import {
  assertNestingDepth,
  type BsonDocument,
  isDocument,
  MAX_DOCUMENT_BYTES,
  type Value,
} from '../bson/value.ts';
import { CommandError } from '../errors.ts';

/** @throws CommandError for what MongoDB does not store either */
export function assertStorable(document: BsonDocument, bytes: Uint8Array): void {
  if (bytes.length > MAX_DOCUMENT_BYTES) {
    const message = `object to insert too large. size in bytes: ${bytes.length}, max size: ${MAX_DOCUMENT_BYTES}`;
    throw new CommandError('BSONObjectTooLarge', message);
  }
  assertNestingDepth(document);
  assertDates(document);
}

/** BSON's dates reach further than JavaScript's; one that does not fit would be changed by an update. */
function assertDates(value: Value): void {
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw new CommandError('BadValue', 'a date is out of range');
  } else if (Array.isArray(value)) {
    for (const element of value) assertDates(element);
  } else if (isDocument(value)) {
    for (const element of Object.values(value)) assertDates(element);
  }
}
