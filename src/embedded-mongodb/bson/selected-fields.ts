/**
 * Decodes some top-level fields of a stored document and skips the others, which takes a fraction of the time
 * that the whole document takes. Queries use it to test filters.
 */
import { decode } from './codec.ts';
import { int32At } from './int32.ts';
import type { BsonDocument } from './value.ts';

export type Decoder = (bytes: Uint8Array) => BsonDocument;

/** With more, comparing names takes longer than decoding everything. */
const MAX_SELECTED = 8;
/** It also stands for bytes that are not UTF-8, so a name with it may be stored as other bytes. */
const REPLACEMENT_CHARACTER = '\ufffd';
/** The length before the elements and the 00 after them. */
const FRAME_BYTES = 5;
const LENGTH_BYTES = 4;

/**
 * The decoder expects bytes that `decode` has accepted before, as every stored document was.
 * @returns a decoder whose result has these fields as the whole document has them. Others may be missing.
 */
export function decoderOf(names: readonly string[]): Decoder {
  if (names.length > MAX_SELECTED || names.some((name) => name.includes(REPLACEMENT_CHARACTER))) {
    return decode;
  }
  const wanted = names.map((name) => Buffer.from(name));
  return (bytes) => decode(selectElements(bytes, wanted));
}

/** A document with only those elements. If a name occurs twice, both are kept, and decoding decides. */
function selectElements(bytes: Uint8Array, wanted: readonly Uint8Array[]): Uint8Array {
  const selected: number[] = [];
  let length = FRAME_BYTES;
  let start = LENGTH_BYTES;
  for (let type = bytes[start]; type !== 0 && type !== undefined; type = bytes[start]) {
    const nameEnd = endOfText(bytes, start + 1);
    const end = nameEnd + 1 + valueLength(type, bytes, nameEnd + 1);
    if (includes(wanted, bytes, start + 1, nameEnd)) {
      selected.push(start, end);
      length += end - start;
    }
    start = end;
  }
  return documentOf(bytes, selected, length);
}

function documentOf(bytes: Uint8Array, selected: readonly number[], length: number): Uint8Array {
  const document = Buffer.allocUnsafe(length);
  let position = document.writeInt32LE(length, 0);
  for (let index = 0; index < selected.length; index += 2) {
    const end = selected[index + 1] ?? 0;
    for (let source = selected[index] ?? 0; source < end; source += 1) {
      document[position] = bytes[source] ?? 0;
      position += 1;
    }
  }
  document[position] = 0;
  return document;
}

function includes(names: readonly Uint8Array[], bytes: Uint8Array, start: number, end: number): boolean {
  for (const name of names) if (isEqual(name, bytes, start, end)) return true;
  return false;
}

/** Most names have few bytes, so this loop is faster than a call of `indexOf`. */
function endOfText(bytes: Uint8Array, start: number): number {
  let end = start;
  while (bytes[end] !== 0 && end < bytes.length) end += 1;
  return end;
}

function isEqual(name: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (name.length !== end - start) return false;
  for (let index = 0; index < name.length; index += 1) {
    if (name[index] !== bytes[start + index]) return false;
  }
  return true;
}

/** See https://bsonspec.org/spec.html. */
function valueLength(type: number, bytes: Uint8Array, start: number): number {
  switch (type) {
    case 0x06: // undefined
    case 0x0a: // null
    case 0x7f: // MaxKey
    case 0xff: // MinKey
      return 0;
    case 0x08: // boolean
      return 1;
    case 0x10: // int32
      return 4;
    case 0x01: // double
    case 0x09: // date
    case 0x11: // timestamp
    case 0x12: // int64
      return 8;
    case 0x07: // ObjectId
      return 12;
    case 0x13: // decimal
      return 16;
    case 0x02: // string
    case 0x0d: // code
    case 0x0e: // symbol
      return LENGTH_BYTES + int32At(bytes, start);
    case 0x05: // binary, with a byte for the subtype
      return LENGTH_BYTES + 1 + int32At(bytes, start);
    case 0x0c: // DBPointer: a string and an ObjectId
      return LENGTH_BYTES + int32At(bytes, start) + 12;
    case 0x03: // document
    case 0x04: // array
    case 0x0f: // code with scope
      return int32At(bytes, start);
    case 0x0b: // regular expression: two texts, each with its 00
      return endOfText(bytes, endOfText(bytes, start) + 1) + 1 - start;
    default:
      throw new Error(`a stored document has a field of the unknown type ${type}`);
  }
}
