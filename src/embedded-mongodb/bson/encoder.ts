/**
 * Encodes documents as BSON (https://bsonspec.org/spec.html). One encoder serves all, because the database's
 * thread encodes one document at a time. Called by codec.ts.
 *
 * The bson package is not used for it, because it takes a document with the field `_bsontype` for a value of
 * its own, and does not know the order of fields that value.ts keeps.
 */
import { ElementType } from './element-type.ts';
import {
  Binary,
  BSONRegExp,
  BSONSymbol,
  type BsonDocument,
  Code,
  Decimal128,
  Double,
  Int32,
  isDocument,
  Long,
  MaxKey,
  MinKey,
  namesOf,
  ObjectId,
  Timestamp,
  type Value,
} from './value.ts';

const FIRST_CAPACITY = 64 * 1024;
/** Memory beyond this is given back when the document is done. */
const MAX_KEPT_CAPACITY = 1024 * 1024;
const LENGTH_BYTES = 4;
/** Up to this length, writing characters is faster than a call into V8. */
const SHORT_TEXT = 16;
const MAX_BYTES_OF_UNIT = 3;

export class Encoder {
  #bytes = Buffer.allocUnsafeSlow(FIRST_CAPACITY);
  #length = 0;

  encode(document: BsonDocument): Uint8Array {
    this.#length = 0;
    this.#document(document);
    const encoded = new Uint8Array(this.#bytes.subarray(0, this.#length));
    if (this.#bytes.length > MAX_KEPT_CAPACITY) this.#bytes = Buffer.allocUnsafeSlow(FIRST_CAPACITY);
    return encoded;
  }

  #document(document: BsonDocument): void {
    const start = this.#begin();
    for (const name of namesOf(document)) this.#element(name, document[name]);
    this.#end(start);
  }

  #array(array: readonly Value[]): void {
    const start = this.#begin();
    for (let index = 0; index < array.length; index += 1) this.#element(String(index), array[index]);
    this.#end(start);
  }

  #element(name: string, value: Value): void {
    this.#reserve(1);
    const typeAt = this.#length;
    this.#length += 1;
    this.#text(name);
    this.#byte(0);
    // Behind the name, because writing the value may move the bytes to larger memory.
    const type = this.#value(value);
    this.#bytes[typeAt] = type;
  }

  /** Writes the value. @returns its type */
  #value(value: Value): number {
    if (typeof value === 'string') return this.#string(value, ElementType.string);
    // A BSON undefined becomes null, because the type is deprecated.
    if (value === null || value === undefined) return ElementType.null;
    if (typeof value === 'boolean') return this.#boolean(value);
    if (value instanceof Int32) return this.#int32(value.value);
    if (value instanceof ObjectId) return this.#raw(value.id, ElementType.objectId);
    if (value instanceof Date) return this.#date(value.getTime());
    if (Array.isArray(value)) {
      this.#array(value);
      return ElementType.array;
    }
    if (isDocument(value)) {
      this.#document(value);
      return ElementType.document;
    }
    return this.#otherValue(value);
  }

  #otherValue(value: Value): number {
    if (value instanceof Double) return this.#double(value.value);
    // A Timestamp is a Long to the bson package.
    if (value instanceof Timestamp) return this.#int64(value.low, value.high, ElementType.timestamp);
    if (value instanceof Long) return this.#int64(value.low, value.high, ElementType.int64);
    if (value instanceof Decimal128) return this.#raw(value.bytes, ElementType.decimal);
    if (value instanceof Binary) return this.#binary(value);
    if (value instanceof BSONSymbol) return this.#string(value.value, ElementType.symbol);
    if (value instanceof BSONRegExp) return this.#regularExpression(value);
    if (value instanceof Code) return this.#code(value);
    if (value instanceof MinKey) return ElementType.minKey;
    if (value instanceof MaxKey) return ElementType.maxKey;
    return this.#number(value);
  }

  /** A number of JavaScript, as the replies of commands have them. */
  #number(value: unknown): number {
    if (typeof value !== 'number') throw new TypeError(`a ${typeof value} cannot be encoded as BSON`);
    const isInt32 = (value | 0) === value && !Object.is(value, -0);
    return isInt32 ? this.#int32(value) : this.#double(value);
  }

  #boolean(value: boolean): number {
    this.#byte(value ? 1 : 0);
    return ElementType.boolean;
  }

  /** Milliseconds since 1970. */
  #date(time: number): number {
    const high = Math.floor(time / 2 ** 32);
    return this.#int64(time - high * 2 ** 32, high, ElementType.date);
  }

  #int32(value: number): number {
    this.#reserve(4);
    this.#setInt32(this.#length, value);
    this.#length += 4;
    return ElementType.int32;
  }

  #int64(low: number, high: number, type: number): number {
    this.#int32(low);
    this.#int32(high);
    return type;
  }

  #double(value: number): number {
    this.#reserve(8);
    this.#length = this.#bytes.writeDoubleLE(value, this.#length);
    return ElementType.double;
  }

  #string(value: string, type: number): number {
    this.#reserve(LENGTH_BYTES);
    const start = this.#length;
    this.#length += LENGTH_BYTES;
    this.#text(value);
    this.#byte(0);
    this.#setInt32(start, this.#length - start - LENGTH_BYTES);
    return type;
  }

  #binary(value: Binary): number {
    const bytes = value.value();
    // The old subtype repeats the length.
    const isOld = value.sub_type === Binary.SUBTYPE_BYTE_ARRAY;
    this.#int32(bytes.length + (isOld ? LENGTH_BYTES : 0));
    this.#byte(value.sub_type);
    if (isOld) this.#int32(bytes.length);
    return this.#raw(bytes, ElementType.binary);
  }

  #regularExpression({ pattern, options }: BSONRegExp): number {
    this.#text(pattern);
    this.#byte(0);
    this.#text(options);
    this.#byte(0);
    return ElementType.regularExpression;
  }

  #code({ code, scope }: Code): number {
    if (!scope) return this.#string(code, ElementType.code);
    const start = this.#begin();
    this.#string(code, ElementType.string);
    this.#document(scope as BsonDocument);
    this.#setInt32(start, this.#length - start);
    return ElementType.codeWithScope;
  }

  #raw(bytes: Uint8Array, type: number): number {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    return type;
  }

  #text(text: string): void {
    this.#reserve(text.length * MAX_BYTES_OF_UNIT);
    if (text.length > SHORT_TEXT || !this.#shortText(text))
      this.#length += this.#bytes.write(text, this.#length, 'utf8');
  }

  /** @returns false, and writes nothing, if the text is not ASCII */
  #shortText(text: string): boolean {
    for (let index = 0; index < text.length; index += 1) {
      const unit = text.charCodeAt(index);
      if (unit > 0x7f) return false;
      this.#bytes[this.#length + index] = unit;
    }
    this.#length += text.length;
    return true;
  }

  #byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length] = value;
    this.#length += 1;
  }

  /** Leaves room for a length. @returns where that is */
  #begin(): number {
    this.#reserve(LENGTH_BYTES);
    const start = this.#length;
    this.#length += LENGTH_BYTES;
    return start;
  }

  #end(start: number): void {
    this.#byte(0);
    this.#setInt32(start, this.#length - start);
  }

  /** Takes the lowest 32 bits of the value. */
  #setInt32(start: number, value: number): void {
    this.#bytes[start] = value;
    this.#bytes[start + 1] = value >> 8;
    this.#bytes[start + 2] = value >> 16;
    this.#bytes[start + 3] = value >> 24;
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}
