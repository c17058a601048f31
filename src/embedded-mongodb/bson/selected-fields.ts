/**
 * Decodes some top-level fields of a stored document and skips the others, which takes a tenth of the time
 * that the whole document takes. Queries use it to test filters.
 */
import { decode } from './codec.ts';
import { ElementType } from './element-type.ts';
import { int32At } from './int32.ts';
import { shortTextAt } from './short-text.ts';
import { type BsonDocument, Int32, ObjectId, setOwnValue, type Value } from './value.ts';

export type Decoder = (bytes: Uint8Array) => BsonDocument;

/** With more, comparing names takes longer than decoding everything. */
const MAX_SELECTED = 8;
/** It also stands for bytes that are not UTF-8, so a name with it may be stored as other bytes. */
const REPLACEMENT_CHARACTER = '\ufffd';
const LENGTH_BYTES = 4;
/** The length before the elements and the 00 after them. */
const FRAME_BYTES = LENGTH_BYTES + 1;

/**
 * The decoder expects bytes that `decode` has accepted before, as every stored document was.
 * @returns a decoder whose result has these fields as the whole document has them. Others may be missing.
 */
export function decoderOf(names: readonly string[]): Decoder {
  if (names.length > MAX_SELECTED || names.some((name) => name.includes(REPLACEMENT_CHARACTER))) {
    return decode;
  }
  const wanted = names.map((name) => ({ name, encoded: Buffer.from(name) }));
  return (bytes) => {
    const elements = findElements(bytes, wanted);
    return decodeSimple(bytes, elements) ?? decode(documentOf(bytes, elements));
  };
}

interface WantedName {
  readonly name: string;
  readonly encoded: Uint8Array;
}

/** A field of a document, and where its parts lie. */
interface Element {
  readonly name: string;
  readonly type: number;
  readonly start: number;
  readonly valueStart: number;
  readonly end: number;
}

function findElements(bytes: Uint8Array, wanted: readonly WantedName[]): Element[] {
  const elements: Element[] = [];
  let start = LENGTH_BYTES;
  for (let type = bytes[start]; type !== 0 && type !== undefined; type = bytes[start]) {
    const nameEnd = endOfText(bytes, start + 1);
    const valueStart = nameEnd + 1;
    const end = valueStart + valueLength(type, bytes, valueStart);
    for (const { name, encoded } of wanted) {
      if (isEqual(encoded, bytes, start + 1, nameEnd)) elements.push({ name, type, start, valueStart, end });
    }
    start = end;
  }
  return elements;
}

/**
 * The most frequent types, for which a call of `decode` would take most of the time. If a name occurs twice,
 * the last counts, as in `decode`.
 * @returns undefined if there are other types
 */
function decodeSimple(bytes: Uint8Array, elements: readonly Element[]): BsonDocument | undefined {
  const document: BsonDocument = {};
  for (const { name, type, valueStart } of elements) {
    const value = simpleValueAt(type, bytes, valueStart);
    if (value === undefined) return undefined;
    setOwnValue(document, name, value);
  }
  return document;
}

function simpleValueAt(type: number, bytes: Uint8Array, start: number): Value {
  switch (type) {
    case ElementType.objectId:
      return new ObjectId(bytes.subarray(start, start + 12));
    case ElementType.boolean:
      return bytes[start] === 1;
    case ElementType.date:
      return new Date(int32At(bytes, start + 4) * 2 ** 32 + (int32At(bytes, start) >>> 0));
    case ElementType.null:
      return null;
    case ElementType.int32:
      return new Int32(int32At(bytes, start));
    case ElementType.string:
      // Before the text is its length, with the 00 at its end.
      return shortTextAt(bytes, start + LENGTH_BYTES, start + LENGTH_BYTES - 1 + int32At(bytes, start));
    default:
      return undefined;
  }
}

/** A document with only those elements. */
function documentOf(bytes: Uint8Array, elements: readonly Element[]): Uint8Array {
  const length = elements.reduce((sum, { start, end }) => sum + end - start, FRAME_BYTES);
  const document = Buffer.alloc(length);
  let position = document.writeInt32LE(length);
  for (const { start, end } of elements) {
    document.set(bytes.subarray(start, end), position);
    position += end - start;
  }
  return document;
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

function valueLength(type: number, bytes: Uint8Array, start: number): number {
  switch (type) {
    case ElementType.undefined:
    case ElementType.null:
    case ElementType.maxKey:
    case ElementType.minKey:
      return 0;
    case ElementType.boolean:
      return 1;
    case ElementType.int32:
      return 4;
    case ElementType.double:
    case ElementType.date:
    case ElementType.timestamp:
    case ElementType.int64:
      return 8;
    case ElementType.objectId:
      return 12;
    case ElementType.decimal:
      return 16;
    case ElementType.string:
    case ElementType.code:
    case ElementType.symbol:
      return LENGTH_BYTES + int32At(bytes, start);
    case ElementType.binary:
      // A byte says of which kind.
      return LENGTH_BYTES + 1 + int32At(bytes, start);
    case ElementType.dbPointer:
      // A string and an ObjectId.
      return LENGTH_BYTES + int32At(bytes, start) + 12;
    case ElementType.document:
    case ElementType.array:
    case ElementType.codeWithScope:
      return int32At(bytes, start);
    case ElementType.regularExpression:
      // Two texts, each with its 00.
      return endOfText(bytes, endOfText(bytes, start) + 1) + 1 - start;
    default:
      throw new Error(`a stored document has a field of the unknown type ${type}`);
  }
}
