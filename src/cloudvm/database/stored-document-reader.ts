/**
 * Reads the fields of a stored document (BSON, see bsonspec.org) as JSON, in the order in which they are
 * stored. It makes no objects of them, which takes a quarter of the time of decoding a document and
 * serializing it. Only documents in the form that this application writes can be read so. `matches` tells
 * about any other one, and the caller decodes it as usual.
 */
import { isoTime } from './iso-time.ts';

/** How a field of one type begins: the byte of its type, its name, and a zero byte. */
export type StoredField<Type extends string> = string & { readonly storedType?: Type };

const LENGTH_BYTES = 4;
const OBJECT_ID_BYTES = 12;
const DATE_BYTES = 8;
const INT32_BYTES = 4;
/** Ends names, strings and documents. */
const END = '\0';
const OBJECT_ID = '\x07';
const STRING = '\x02';
const DATE = '\x09';
const INT32 = '\x10';
const ARRAY = '\x04';
const DOCUMENT = '\x03';

/** The largest time that a Date can hold (ECMAScript, "Time Values and Time Range"). */
const MAX_TIME_MS = 8.64e15;
/** Characters that JSON escapes, and all that are not ASCII. */
const NOT_PLAIN = /[^ !#-[\]-~]/;

export const objectIdField = (name: string): StoredField<'objectId'> => OBJECT_ID + name + END;
export const stringField = (name: string): StoredField<'string'> => STRING + name + END;
export const dateField = (name: string): StoredField<'date'> => DATE + name + END;
export const int32Field = (name: string): StoredField<'int32'> => INT32 + name + END;
export const arrayField = (name: string): StoredField<'array'> => ARRAY + name + END;

export class StoredDocumentReader {
  readonly #bytes: Buffer;
  /** A character for each byte, because parts of a string are compared and taken at little cost. */
  readonly #text: string;
  #position = LENGTH_BYTES;
  #matches = true;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#text = bytes.toString('latin1');
  }

  /** False once something else was found than a field that was asked for. Then all results are worthless. */
  get matches(): boolean {
    return this.#matches;
  }

  /** As hexadecimal digits, without quotes. */
  objectId(field: StoredField<'objectId'>): string {
    const start = this.#take(field, OBJECT_ID_BYTES);
    return this.#matches ? this.#bytes.toString('hex', start, start + OBJECT_ID_BYTES) : '';
  }

  int32(field: StoredField<'int32'>): number {
    return int32At(this.#bytes, this.#take(field, INT32_BYTES));
  }

  /** With quotes. */
  string(field: StoredField<'string'>): string {
    const start = this.#take(field, LENGTH_BYTES) + LENGTH_BYTES;
    // The length counts the zero byte.
    const end = start + int32At(this.#bytes, start - LENGTH_BYTES) - 1;
    this.#takeEnd(start, end);
    if (!this.#matches) return '';
    const text = this.#text.substring(start, end);
    return NOT_PLAIN.test(text) ? JSON.stringify(this.#bytes.toString('utf8', start, end)) : `"${text}"`;
  }

  /** With quotes, in the form of Date.prototype.toISOString. */
  date(field: StoredField<'date'>): string {
    const start = this.#take(field, DATE_BYTES);
    const low = int32At(this.#bytes, start) >>> 0;
    const time = int32At(this.#bytes, start + INT32_BYTES) * 2 ** 32 + low;
    this.#matches &&= Math.abs(time) <= MAX_TIME_MS;
    return this.#matches ? `"${isoTime(time)}"` : '';
  }

  /**
   * An array of documents.
   * @param toJson reads one of them, to its end
   */
  documents(field: StoredField<'array'>, toJson: (reader: StoredDocumentReader) => string): string {
    const start = this.#take(field, LENGTH_BYTES);
    const end = start + int32At(this.#bytes, start) - 1;
    const items: string[] = [];
    while (this.#matches && this.#position < end) items.push(this.#item(items.length, toJson));
    this.#takeEnd(this.#position, end);
    return `[${items.join()}]`;
  }

  #item(index: number, toJson: (reader: StoredDocumentReader) => string): string {
    const start = this.#take(`${DOCUMENT}${index}${END}`, LENGTH_BYTES);
    const end = start + int32At(this.#bytes, start) - 1;
    const json = toJson(this);
    this.#takeEnd(this.#position, end);
    return json;
  }

  /** @returns the position of the value, which is behind the position if the field is not here */
  #take(field: string, valueBytes: number): number {
    const start = this.#position + field.length;
    this.#matches &&= this.#text.substring(this.#position, start) === field;
    this.#position = start + valueBytes;
    return start;
  }

  /**
   * The zero byte at the end of a string or document. Fields that a document has beyond those that were read
   * are passed over.
   * @param least where it can be at the earliest
   */
  #takeEnd(least: number, end: number): void {
    this.#matches &&= end >= least && this.#text[end] === END;
    this.#position = end + 1;
  }
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
