/**
 * BSON values as the embedded database holds them: every number keeps its type (Int32, Long, Double,
 * Decimal128), so that what is read and written again is what was stored. Used by every part that looks
 * into documents, on the database's thread.
 */
import {
  Binary,
  BSONError,
  BSONRegExp,
  BSONSymbol,
  Code,
  DBRef,
  Decimal128,
  Double,
  deserialize,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  serialize,
  Timestamp,
} from 'bson';
import { CommandError } from '../errors.ts';

export type NumberValue = Int32 | Long | Double | Decimal128;
export type Scalar =
  | null
  | undefined
  | string
  | boolean
  | Date
  | NumberValue
  | ObjectId
  | Binary
  | Timestamp
  | BSONRegExp
  | Code
  | BSONSymbol
  | MinKey
  | MaxKey
  | DBRef;
export type Value = Scalar | Value[] | BsonDocument;
export interface BsonDocument {
  [name: string]: Value;
}

/** MongoDB's own bounds. */
export const MAX_DOCUMENT_BYTES = 16 * 1024 * 1024;
export const MAX_NESTING_DEPTH = 200;

/** Decodes with every type kept. @throws CommandError InvalidBSON */
export function decode(bytes: Uint8Array): BsonDocument {
  try {
    return deserialize(bytes, { promoteValues: false, bsonRegExp: true }) as BsonDocument;
  } catch (error) {
    throw new CommandError('InvalidBSON', `invalid BSON: ${error instanceof Error ? error.message : error}`);
  }
}

/** Encodes a document; a BSON undefined becomes null, as the type is deprecated. */
export function encode(document: BsonDocument): Uint8Array {
  try {
    return serialize(document, { ignoreUndefined: false, checkKeys: false });
  } catch (error) {
    if (error instanceof BSONError) throw new CommandError('BadValue', error.message);
    throw error;
  }
}

/** Encodes a document to be stored: the _id comes first, also before names that JavaScript puts first ("1"). */
export function encodeStored(document: BsonDocument): Uint8Array {
  const [first] = Object.keys(document);
  if (first === '_id') return encode(document);
  const { _id, ...rest } = document;
  // bson takes a Map for a document, in its order.
  return encode(new Map([['_id', _id], ...Object.entries(rest)]) as unknown as BsonDocument);
}

export function isDocument(value: Value): value is BsonDocument {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

export function isNumber(value: Value): value is NumberValue {
  // A Timestamp is a Long to JavaScript, not to BSON.
  if (value instanceof Long) return !(value instanceof Timestamp);
  return value instanceof Int32 || value instanceof Double || value instanceof Decimal128;
}

/** null, undefined and nothing at all are one to MongoDB's queries. */
export function isNullish(value: Value): value is null | undefined {
  return value === null || value === undefined;
}

/** The value as a JavaScript number, exact up to 2^53; NaN for what is no number. */
export function toNumber(value: Value): number {
  if (value instanceof Int32 || value instanceof Double) return value.value;
  if (value instanceof Long) return isNumber(value) ? value.toNumber() : Number.NaN;
  if (value instanceof Decimal128) return Number(value.toString());
  return Number.NaN;
}

/** A field's value without falling for names such as "constructor". */
export function ownValue(document: BsonDocument, name: string): Value {
  return Object.hasOwn(document, name) ? document[name] : undefined;
}

/** Sets a field under any name, "__proto__" included. */
export function setOwnValue(document: BsonDocument, name: string, value: Value): void {
  if (name === '__proto__') {
    Object.defineProperty(document, name, { value, writable: true, enumerable: true, configurable: true });
  } else {
    document[name] = value;
  }
}

/** A DBRef is a plain document in BSON; only JavaScript has a class for it. */
export function dbRefDocument(reference: DBRef): BsonDocument {
  return { ...(reference.toJSON() as unknown as BsonDocument) };
}

/** A copy that shares no mutable part with the original; scalars are never changed in place. */
export function cloneValue(value: Value): Value {
  if (Array.isArray(value)) return value.map(cloneValue);
  if (!isDocument(value)) return value;
  const copy: BsonDocument = {};
  for (const name of Object.keys(value)) setOwnValue(copy, name, cloneValue(value[name]));
  return copy;
}

/** @throws CommandError Overflow where documents and arrays nest deeper than MongoDB allows */
export function assertNestingDepth(value: Value, depth = 0): void {
  if (depth > MAX_NESTING_DEPTH) {
    throw new CommandError('Overflow', `document exceeds the nesting depth limit of ${MAX_NESTING_DEPTH}`);
  }
  if (Array.isArray(value)) {
    for (const element of value) assertNestingDepth(element, depth + 1);
  } else if (isDocument(value)) {
    for (const name of Object.keys(value)) assertNestingDepth(value[name], depth + 1);
  }
}

interface TypeName {
  readonly number: number;
  readonly alias: string;
}

/** BSON's type number and the alias that `$type` and error messages use. */
export function typeOf(value: Value): TypeName {
  if (value === null) return { number: 10, alias: 'null' };
  if (value === undefined) return { number: 6, alias: 'undefined' };
  if (typeof value === 'string') return { number: 2, alias: 'string' };
  if (typeof value === 'boolean') return { number: 8, alias: 'bool' };
  if (Array.isArray(value)) return { number: 4, alias: 'array' };
  if (value instanceof Date) return { number: 9, alias: 'date' };
  if (value instanceof ObjectId) return { number: 7, alias: 'objectId' };
  if (value instanceof Int32) return { number: 16, alias: 'int' };
  if (value instanceof Double) return { number: 1, alias: 'double' };
  if (value instanceof Timestamp) return { number: 17, alias: 'timestamp' };
  if (value instanceof Long) return { number: 18, alias: 'long' };
  if (value instanceof Decimal128) return { number: 19, alias: 'decimal' };
  if (value instanceof Binary) return { number: 5, alias: 'binData' };
  if (value instanceof BSONRegExp) return { number: 11, alias: 'regex' };
  if (value instanceof Code)
    return value.scope ? { number: 15, alias: 'javascriptWithScope' } : { number: 13, alias: 'javascript' };
  if (value instanceof BSONSymbol) return { number: 14, alias: 'symbol' };
  if (value instanceof MinKey) return { number: -1, alias: 'minKey' };
  if (value instanceof MaxKey) return { number: 127, alias: 'maxKey' };
  return { number: 3, alias: 'object' };
}

/** `$type` aliases and numbers; "number" stands for four of them. */
export const TYPE_ALIASES: ReadonlyMap<string, number> = new Map([
  ['double', 1],
  ['string', 2],
  ['object', 3],
  ['array', 4],
  ['binData', 5],
  ['undefined', 6],
  ['objectId', 7],
  ['bool', 8],
  ['date', 9],
  ['null', 10],
  ['regex', 11],
  ['javascript', 13],
  ['symbol', 14],
  ['javascriptWithScope', 15],
  ['int', 16],
  ['timestamp', 17],
  ['long', 18],
  ['decimal', 19],
  ['minKey', -1],
  ['maxKey', 127],
]);

export {
  Binary,
  BSONRegExp,
  BSONSymbol,
  Code,
  DBRef,
  Decimal128,
  Double,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  Timestamp,
};
