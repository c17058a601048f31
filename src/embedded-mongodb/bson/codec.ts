/**
 * Between BSON bytes and values in memory. Used wherever a document is read from a message or from storage,
 * or written to one of the two.
 */
import { BSONError, serialize } from 'bson';
import { CommandError } from '../command-error.ts';
import { Decoder } from './decoder.ts';
import type { BsonDocument } from './value.ts';

/** Decodes and keeps every type. @throws CommandError InvalidBSON */
export function decode(bytes: Uint8Array): BsonDocument {
  try {
    return new Decoder(bytes).whole().document;
  } catch (error) {
    throw new CommandError('InvalidBSON', `invalid BSON: ${error instanceof Error ? error.message : error}`);
  }
}

/** Encodes a document. A BSON undefined becomes null, because the type is deprecated. */
export function encode(document: BsonDocument): Uint8Array {
  try {
    return serialize(document, { ignoreUndefined: false, checkKeys: false });
  } catch (error) {
    if (error instanceof BSONError) throw new CommandError('BadValue', error.message);
    throw error;
  }
}

/**
 * Encodes a document for storage: with _id first, even before names such as "1", which JavaScript moves
 * first.
 */
export function encodeStored(document: BsonDocument): Uint8Array {
  const [first] = Object.keys(document);
  if (first === '_id') return encode(document);
  const { _id, ...rest } = document;
  // The bson package encodes a Map as a document and keeps its order.
  return encode(new Map([['_id', _id], ...Object.entries(rest)]) as unknown as BsonDocument);
}
