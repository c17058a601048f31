/**
 * Between BSON bytes and values in memory. Used wherever a document is read from a message or from storage,
 * or written to one of the two.
 */
import { CommandError } from '../command-error.ts';
import { Decoder } from './decoder.ts';
import { Encoder } from './encoder.ts';
import { type BsonDocument, namesOf, withId } from './value.ts';

/** Decodes and keeps every type. @throws CommandError InvalidBSON */
export function decode(bytes: Uint8Array): BsonDocument {
  try {
    return new Decoder(bytes).whole().document;
  } catch (error) {
    throw new CommandError('InvalidBSON', `invalid BSON: ${error instanceof Error ? error.message : error}`);
  }
}

const encoder = new Encoder();

/** A BSON undefined becomes null, because the type is deprecated. */
export function encode(document: BsonDocument): Uint8Array {
  return encoder.encode(document);
}

/** Encodes a reply, whose fields may be numbers of JavaScript, without those that are undefined. */
export function encodeFields(fields: Readonly<Record<string, unknown>>): Uint8Array {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  return encode(Object.fromEntries(given) as BsonDocument);
}

/** Encodes a document for storage: with _id first. */
export function encodeStored(document: BsonDocument): Uint8Array {
  const [first] = namesOf(document);
  return encode(first === '_id' ? document : withId(document, document['_id']));
}
