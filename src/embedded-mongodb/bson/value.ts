/**
 * BSON values as the embedded database holds them in memory. Every number keeps its type (Int32, Long,
 * Double, Decimal128), so a value that is read and written back is stored unchanged. Used by every part that
 * looks into documents.
 */
import {
  Binary,
  BSONRegExp,
  BSONSymbol,
  Code,
  Decimal128,
  Double,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  Timestamp,
} from 'bson';

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
  | MaxKey;
export type Value = Scalar | Value[] | BsonDocument;
export interface BsonDocument {
  [name: string]: Value;
}

/** MongoDB's maxBsonObjectSize. */
export const MAX_DOCUMENT_BYTES = 16 * 1024 * 1024;

export function isDocument(value: Value): value is BsonDocument {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

export function isNumber(value: Value): value is NumberValue {
  // The bson package derives Timestamp from Long, but a BSON timestamp is not a number.
  if (value instanceof Long) return !(value instanceof Timestamp);
  return value instanceof Int32 || value instanceof Double || value instanceof Decimal128;
}

/** MongoDB's queries do not distinguish null, undefined and a missing field. */
export function isNullish(value: Value): value is null | undefined {
  return value === null || value === undefined;
}

/**
 * Whether a value counts as true where MongoDB expects a boolean. All do except false, 0, null and a missing
 * value.
 */
export function isTruthy(value: Value): boolean {
  if (isNumber(value)) return toNumber(value) !== 0;
  return value !== false && !isNullish(value);
}

/** The value as a JavaScript number, exact up to 2^53. NaN if the value is not a number. */
export function toNumber(value: Value): number {
  if (value instanceof Int32 || value instanceof Double) return value.value;
  if (value instanceof Long) return isNumber(value) ? value.toNumber() : Number.NaN;
  if (value instanceof Decimal128) return Number(value.toString());
  return Number.NaN;
}

/** A field's value. Inherited properties such as "constructor" do not count as fields. */
export function ownValue(document: BsonDocument, name: string): Value {
  return Object.hasOwn(document, name) ? document[name] : undefined;
}

/**
 * JavaScript lists names such as "1" before all others. To MongoDB, the order of its fields is a part of a
 * document. So documents with such names have all their names here, in order.
 */
const orders = new WeakMap<BsonDocument, Set<string>>();

/** The names of all fields in their order. */
export function namesOf(document: BsonDocument): readonly string[] {
  const names = Object.keys(document);
  const [first] = names;
  const order = first !== undefined && isWholeNumber(first) ? orders.get(document) : undefined;
  return order === undefined ? names : [...order];
}

/** Sets a field of any name, even "__proto__". A new field becomes the last. */
export function setOwnValue(document: BsonDocument, name: string, value: Value): void {
  const order = orders.get(document) ?? (isWholeNumber(name) ? new Set(Object.keys(document)) : undefined);
  if (order !== undefined) orders.set(document, order.add(name));
  if (name === '__proto__') {
    Object.defineProperty(document, name, { value, writable: true, enumerable: true, configurable: true });
  } else {
    document[name] = value;
  }
}

export function removeOwnValue(document: BsonDocument, name: string): void {
  delete document[name];
  orders.get(document)?.delete(name);
}

/** The document with this _id as its first field. */
export function withId(document: BsonDocument, id: Value): BsonDocument {
  const result: BsonDocument = { _id: id };
  for (const name of namesOf(document)) if (name !== '_id') setOwnValue(result, name, document[name]);
  return result;
}

const ZERO = 0x30;
const NINE = 0x39;

/** True for every name that JavaScript moves. For a few others, too, it does no harm. */
function isWholeNumber(name: string): boolean {
  const first = name.charCodeAt(0);
  return first >= ZERO && first <= NINE;
}

/** The text of a string or symbol. MongoDB compares the two types as one. */
export function textOf(value: Value): string {
  return value instanceof BSONSymbol ? value.value : String(value);
}

/** A deep copy of documents and arrays. Scalars are shared, because nothing changes them in place. */
export function cloneValue(value: Value): Value {
  if (Array.isArray(value)) return value.map(cloneValue);
  if (!isDocument(value)) return value;
  const copy: BsonDocument = {};
  for (const name of namesOf(value)) setOwnValue(copy, name, cloneValue(value[name]));
  return copy;
}

export {
  Binary,
  BSONRegExp,
  BSONSymbol,
  Code,
  Decimal128,
  Double,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  Timestamp,
};
