/**
 * Decodes BSON (https://bsonspec.org/spec.html) and keeps the type of every value. Called by codec.ts, and by
 * wire/request.ts for the body of each command.
 *
 * The bson package is not used for it, because it makes a DBRef of every document with the fields `$ref` and
 * `$id`. A DBRef hides its fields from filters and loses their order. To MongoDB it is an ordinary document.
 */
import { isUtf8 } from 'node:buffer';
import { ElementType } from './element-type.ts';
import { int32At } from './int32.ts';
import { shortTextAt } from './short-text.ts';
import {
  Binary,
  BSONRegExp,
  BSONSymbol,
  type BsonDocument,
  Code,
  Decimal128,
  Double,
  Int32,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  setOwnValue,
  Timestamp,
  type Value,
} from './value.ts';

/** Bounds the recursion. Documents that are stored have fewer (storage/storable.ts). */
const MAX_DEPTH = 1000;
const LENGTH_BYTES = 4;
/** It also stands for bytes that are not UTF-8. */
const REPLACEMENT_CHARACTER = '\ufffd';

/** The bytes are not BSON. The message says why. */
export class DecodingError extends Error {
  override readonly name = 'DecodingError';
}

/** Reads one document from its first byte to its last. */
export class Decoder {
  readonly #bytes: Buffer;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.isBuffer(bytes)
      ? bytes
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /**
   * @param raw the name of a top-level field. If it is an array of documents, they stay bytes, and the field
   * is left out of the result.
   * @throws DecodingError if the bytes are anything else than one document
   */
  whole(raw?: string): { document: BsonDocument; documents: Uint8Array[] | undefined } {
    const end = this.#begin();
    if (end !== this.#bytes.length)
      throw new DecodingError(`a document of ${end} bytes is given ${this.#bytes.length}`);
    const document: BsonDocument = {};
    let documents: Uint8Array[] | undefined;
    for (let type = this.#byte(); type !== 0; type = this.#byte()) {
      const name = this.#name();
      const found = name === raw && type === ElementType.array ? this.#documents() : undefined;
      if (found === undefined) setOwnValue(document, name, this.#value(type, 1));
      else documents = found;
    }
    this.#finish(end);
    return { document, documents };
  }

  #document(depth: number): BsonDocument {
    const end = this.#begin();
    const document: BsonDocument = {};
    for (let type = this.#byte(); type !== 0; type = this.#byte()) {
      const name = this.#name();
      setOwnValue(document, name, this.#value(type, depth));
    }
    this.#finish(end);
    return document;
  }

  /** The names of an array's elements are not read, because only their order counts. */
  #array(depth: number): Value[] {
    const end = this.#begin();
    const array: Value[] = [];
    for (let type = this.#byte(); type !== 0; type = this.#byte()) {
      this.#skipName();
      array.push(this.#value(type, depth));
    }
    this.#finish(end);
    return array;
  }

  /** The documents of an array as bytes. Undefined, and nothing is read, if it has other elements. */
  #documents(): Uint8Array[] | undefined {
    const start = this.#position;
    const end = this.#begin();
    const documents: Uint8Array[] = [];
    for (let type = this.#byte(); type !== 0; type = this.#byte()) {
      if (type !== ElementType.document) {
        this.#position = start;
        return undefined;
      }
      this.#skipName();
      documents.push(this.#take(this.#length(int32At(this.#bytes, this.#position))));
    }
    this.#finish(end);
    return documents;
  }

  #value(type: number, depth: number): Value {
    switch (type) {
      case ElementType.string:
        return this.#string();
      case ElementType.int32:
        return new Int32(this.#int32());
      case ElementType.objectId:
        return new ObjectId(this.#take(12));
      case ElementType.document:
        return this.#document(this.#deeper(depth));
      case ElementType.array:
        return this.#array(this.#deeper(depth));
      case ElementType.boolean:
        return this.#boolean();
      case ElementType.null:
        return null;
      case ElementType.undefined:
        return undefined;
      case ElementType.date:
        // Beyond the range of JavaScript's dates it is an invalid one, which storage/storable.ts refuses.
        return new Date(this.#long().toNumber());
      case ElementType.int64:
        return this.#long();
      case ElementType.double:
        return new Double(this.#take(8).readDoubleLE());
      case ElementType.decimal:
        return new Decimal128(Buffer.from(this.#take(16)));
      case ElementType.binary:
        return this.#binary();
      case ElementType.timestamp:
        return this.#timestamp();
      case ElementType.regularExpression:
        return new BSONRegExp(this.#name(), this.#name());
      case ElementType.symbol:
        return new BSONSymbol(this.#string());
      case ElementType.code:
        return new Code(this.#string());
      case ElementType.codeWithScope:
        return this.#codeWithScope(this.#deeper(depth));
      case ElementType.minKey:
        return new MinKey();
      case ElementType.maxKey:
        return new MaxKey();
      default:
        throw new DecodingError(`a field has the unknown or deprecated type ${type}`);
    }
  }

  #string(): string {
    const size = this.#int32();
    const start = this.#position;
    const end = start + size - 1;
    if (size < 1 || this.#bytes[end] !== 0) throw new DecodingError('a string has no end');
    this.#position = end + 1;
    const text = this.#text(start, end);
    if (text.includes(REPLACEMENT_CHARACTER) && !isUtf8(this.#bytes.subarray(start, end)))
      throw new DecodingError('a string is not UTF-8');
    return text;
  }

  #boolean(): boolean {
    const byte = this.#byte();
    if (byte > 1) throw new DecodingError('a boolean is neither 0 nor 1');
    return byte === 1;
  }

  #long(): Long {
    const low = this.#int32();
    return new Long(low, this.#int32());
  }

  #timestamp(): Timestamp {
    const i = this.#int32() >>> 0;
    return new Timestamp({ i, t: this.#int32() >>> 0 });
  }

  #binary(): Binary {
    const length = this.#int32();
    const subtype = this.#byte();
    if (subtype !== Binary.SUBTYPE_BYTE_ARRAY) return new Binary(this.#take(length), subtype);
    // The old subtype repeats the length.
    const inner = this.#int32();
    if (inner !== length - LENGTH_BYTES) throw new DecodingError('a binary has two different lengths');
    return new Binary(this.#take(inner), subtype);
  }

  #codeWithScope(depth: number): Code {
    const end = this.#begin();
    const code = new Code(this.#string(), this.#document(depth));
    if (this.#position !== end) throw new DecodingError('a code with scope has a wrong length');
    return code;
  }

  /** Reads the length of a document or array. @returns where it ends */
  #begin(): number {
    const start = this.#position;
    const length = this.#length(this.#int32());
    if (start + length > this.#bytes.length) throw new DecodingError('a document is truncated');
    return start + length;
  }

  #length(length: number): number {
    if (length <= LENGTH_BYTES) throw new DecodingError(`a document cannot have ${length} bytes`);
    return length;
  }

  #finish(end: number): void {
    if (this.#position !== end) throw new DecodingError('a document does not end where its length says');
  }

  #deeper(depth: number): number {
    if (depth >= MAX_DEPTH) throw new DecodingError(`a document has more than ${MAX_DEPTH} levels`);
    return depth + 1;
  }

  #name(): string {
    const start = this.#position;
    this.#skipName();
    return this.#text(start, this.#position - 1);
  }

  #skipName(): void {
    // Most names have few bytes, so this loop is faster than a call of `indexOf`.
    while (this.#byte() !== 0);
  }

  #text(start: number, end: number): string {
    return shortTextAt(this.#bytes, start, end) ?? this.#bytes.toString('utf8', start, end);
  }

  #byte(): number {
    const byte = this.#bytes[this.#position];
    if (byte === undefined) throw new DecodingError('a document is truncated');
    this.#position += 1;
    return byte;
  }

  #int32(): number {
    const start = this.#position;
    if (start + 4 > this.#bytes.length) throw new DecodingError('a document is truncated');
    this.#position = start + 4;
    return int32At(this.#bytes, start);
  }

  /** The next bytes, in the memory that is decoded. */
  #take(length: number): Buffer {
    const end = this.#position + length;
    if (length < 0 || end > this.#bytes.length) throw new DecodingError('a document is truncated');
    const taken = this.#bytes.subarray(this.#position, end);
    this.#position = end;
    return taken;
  }
}
