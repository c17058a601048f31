/**
 * Reads the fields of a stored document (BSON, see bsonspec.org) as JSON, in the order in which they are
 * stored. It makes no objects of them, which takes a quarter of the time of decoding a document and
 * serializing it. Only documents in the form that this application writes can be read so. `matches` tells
 * about any other one, and the caller decodes it as usual.
 */
import { isTime } from './iso-time.ts';
import type { JsonWriter } from './json-writer.ts';

/** How a field of one type begins: the byte of its type, its name, and a zero byte. */
export type StoredField<Type extends string> = Uint8Array & { readonly storedType?: Type };

const LENGTH_BYTES = 4;
const OBJECT_ID_BYTES = 12;
const DATE_BYTES = 8;
const INT32_BYTES = 4;
const OBJECT_ID = 0x07;
const STRING = 0x02;
const DATE = 0x09;
const INT32 = 0x10;
const ARRAY = 0x04;
const DOCUMENT = 0x03;
const COMMA = Buffer.from(',');
const BEGIN_ARRAY = Buffer.from('[');
const END_ARRAY = Buffer.from(']');

export const objectIdField = (name: string): StoredField<'objectId'> => beginning(OBJECT_ID, name);
export const stringField = (name: string): StoredField<'string'> => beginning(STRING, name);
export const dateField = (name: string): StoredField<'date'> => beginning(DATE, name);
export const int32Field = (name: string): StoredField<'int32'> => beginning(INT32, name);
export const arrayField = (name: string): StoredField<'array'> => beginning(ARRAY, name);

/** An array is a document whose fields have these names. A longer one does not match. */
const ITEMS = Array.from({ length: 100 }, (_, index) => beginning(DOCUMENT, String(index)));

export class StoredDocumentReader {
  readonly #bytes: Buffer;
  #position = LENGTH_BYTES;
  #matches = true;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** False once something else was found than a field that was asked for. Then all results are worthless. */
  get matches(): boolean {
    return this.#matches;
  }

  /** As hexadecimal digits. */
  objectId(field: StoredField<'objectId'>): string {
    const start = this.#take(field, OBJECT_ID_BYTES);
    return this.#matches ? this.#bytes.toString('hex', start, start + OBJECT_ID_BYTES) : '';
  }

  int32(field: StoredField<'int32'>): number {
    return int32At(this.#bytes, this.#take(field, INT32_BYTES));
  }

  skipObjectId(field: StoredField<'objectId'>): void {
    this.#take(field, OBJECT_ID_BYTES);
  }

  writeObjectId(field: StoredField<'objectId'>, json: JsonWriter): void {
    const start = this.#take(field, OBJECT_ID_BYTES);
    if (this.#matches) json.hexadecimal(this.#bytes, start, start + OBJECT_ID_BYTES);
  }

  writeString(field: StoredField<'string'>, json: JsonWriter): void {
    const start = this.#take(field, LENGTH_BYTES) + LENGTH_BYTES;
    // The length counts the zero byte.
    const end = start + int32At(this.#bytes, start - LENGTH_BYTES) - 1;
    this.#takeEnd(start, end);
    if (this.#matches) json.string(this.#bytes, start, end);
  }

  /** In the form of Date.prototype.toISOString. */
  writeDate(field: StoredField<'date'>, json: JsonWriter): void {
    const start = this.#take(field, DATE_BYTES);
    const low = int32At(this.#bytes, start) >>> 0;
    const time = int32At(this.#bytes, start + INT32_BYTES) * 2 ** 32 + low;
    this.#matches &&= isTime(time);
    if (this.#matches) json.time(time);
  }

  /**
   * An array of documents.
   * @param write one of them
   */
  writeDocuments(
    field: StoredField<'array'>,
    json: JsonWriter,
    write: (reader: StoredDocumentReader, json: JsonWriter) => void,
  ): void {
    const start = this.#take(field, LENGTH_BYTES);
    const end = start + int32At(this.#bytes, start) - 1;
    json.bytes(BEGIN_ARRAY);
    for (let index = 0; this.#matches && this.#position < end; index += 1) {
      if (index > 0) json.bytes(COMMA);
      this.#writeItem(index, json, write);
    }
    json.bytes(END_ARRAY);
    this.#takeEnd(this.#position, end);
  }

  #writeItem(
    index: number,
    json: JsonWriter,
    write: (reader: StoredDocumentReader, json: JsonWriter) => void,
  ): void {
    const start = this.#take(ITEMS[index] ?? UNKNOWN_FIELD, LENGTH_BYTES);
    const end = start + int32At(this.#bytes, start) - 1;
    write(this, json);
    this.#takeEnd(this.#position, end);
  }

  /** @returns the position of the value, which is behind the position if the field is not here */
  #take(field: Uint8Array, valueBytes: number): number {
    const start = this.#position + field.length;
    this.#matches &&= field.length > 0 && isAt(this.#bytes, this.#position, field);
    this.#position = start + valueBytes;
    return start;
  }

  /**
   * The zero byte at the end of a string or document. Fields that a document has beyond those that were read
   * are passed over.
   * @param least where it can be at the earliest
   */
  #takeEnd(least: number, end: number): void {
    this.#matches &&= end >= least && this.#bytes[end] === 0;
    this.#position = end + 1;
  }
}

const UNKNOWN_FIELD = new Uint8Array();

function beginning(type: number, name: string): Uint8Array {
  return Uint8Array.from([type, ...Buffer.from(name), 0]);
}

/** Buffer.compare is slower for as few bytes. */
function isAt(bytes: Uint8Array, position: number, expected: Uint8Array): boolean {
  for (let index = 0; index < expected.length; index += 1) {
    if (bytes[position + index] !== expected[index]) return false;
  }
  return true;
}

/** Whole numbers are little-endian in BSON. Buffer.readInt32LE is slower, because it checks its arguments. */
function int32At(bytes: Uint8Array, position: number): number {
  return (
    byteAt(bytes, position) |
    (byteAt(bytes, position + 1) << 8) |
    (byteAt(bytes, position + 2) << 16) |
    (byteAt(bytes, position + 3) << 24)
  );
}

function byteAt(bytes: Uint8Array, position: number): number {
  return bytes[position] ?? 0;
}
