/**
 * Index keys: values as bytes whose order under memcmp is MongoDB's order of the values. SQLite sorts and
 * searches BLOBs by memcmp, so an index is a table of such keys. Every encoding is free of prefixes (none
 * begins another), so compound keys are put together by concatenation and a descending field is its
 * bytes inverted.
 */

import { TypeRank, typeRank } from '../bson/compare.ts';
import { compareDecimals, type Decimal, digitsOf, exactValue, fromDouble } from '../bson/decimal.ts';
import {
  type Binary,
  type BSONRegExp,
  BSONSymbol,
  type BsonDocument,
  type Code,
  DBRef,
  Double,
  dbRefDocument,
  Int32,
  Long,
  type NumberValue,
  type ObjectId,
  type Timestamp,
  type Value,
} from '../bson/value.ts';
import { CommandError } from '../errors.ts';

/** Grows as needed; one is reused for all keys, as the thread encodes one at a time. */
class KeyWriter {
  #bytes = Buffer.allocUnsafe(256);
  length = 0;

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.length] = value;
    this.length += 1;
  }

  bytes(values: Uint8Array): void {
    this.#reserve(values.length);
    this.#bytes.set(values, this.length);
    this.length += values.length;
  }

  uint16(value: number): void {
    this.#reserve(2);
    this.length = this.#bytes.writeUInt16BE(value, this.length);
  }

  uint32(value: number): void {
    this.#reserve(4);
    this.length = this.#bytes.writeUInt32BE(value, this.length);
  }

  uint64(value: bigint): void {
    this.#reserve(8);
    this.length = this.#bytes.writeBigUInt64BE(value, this.length);
  }

  /** A double whose bytes sort as its value: negative ones inverted, the sign bit of others set. */
  double(value: number): void {
    this.#reserve(8);
    const start = this.length;
    this.#bytes.writeDoubleBE(value, start);
    this.length = start + 8;
    if (value < 0) this.invert(start);
    else this.#bytes[start] = (this.#bytes[start] ?? 0) | 0x80;
  }

  /** UTF-8 with 00 escaped as 00 FF and the end as 00 00: shorter strings come first, none begins another. */
  text(value: string): void {
    const start = this.length;
    this.#reserve(value.length * 3 + 2);
    this.length += this.#bytes.write(value, start, 'utf8');
    if (this.#bytes.subarray(start, this.length).includes(0)) this.#escapeZeros(start);
    this.uint16(0);
  }

  invert(start: number): void {
    for (let index = start; index < this.length; index += 1) {
      this.#bytes[index] = (this.#bytes[index] ?? 0) ^ 0xff;
    }
  }

  copy(): Uint8Array {
    // A plain Uint8Array: a Buffer's slice would share its memory.
    return new Uint8Array(this.#bytes.subarray(0, this.length));
  }

  #escapeZeros(start: number): void {
    const plain = new Uint8Array(this.#bytes.subarray(start, this.length));
    this.length = start;
    for (const value of plain) {
      this.byte(value);
      if (value === 0) this.byte(0xff);
    }
  }

  #reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.length));
    this.#bytes = larger;
  }
}

const writer = new KeyWriter();

/** Stands in a key for a field that is an empty array. */
export const EMPTY_ARRAY = Symbol('empty array');
export type KeyPart = Value | typeof EMPTY_ARRAY;

/** One key of an index; `descending[i]` says how field i sorts. */
export function encodeKey(parts: readonly KeyPart[], descending: readonly boolean[]): Uint8Array {
  writer.length = 0;
  for (let index = 0; index < parts.length; index += 1) {
    const start = writer.length;
    const part = parts[index];
    if (part === EMPTY_ARRAY) writer.byte(TypeRank.undefined);
    else writeValue(part);
    if (descending[index] === true) writer.invert(start);
  }
  return writer.copy();
}

/** A single value, ascending. */
export function encodeValue(value: Value): Uint8Array {
  writer.length = 0;
  writeValue(value);
  return writer.copy();
}

/** A text that two values share exactly when they are equal: for sets and maps of values. */
export function identityOf(value: Value): string {
  return Buffer.from(encodeValue(value)).toString('latin1');
}

/** The smallest bytes above everything that begins with `prefix`; undefined if there are none. */
export function successor(prefix: Uint8Array): Uint8Array | undefined {
  let length = prefix.length;
  while (length > 0 && prefix[length - 1] === 0xff) length -= 1;
  if (length === 0) return undefined;
  const bytes = new Uint8Array(prefix.subarray(0, length));
  bytes[length - 1] = (bytes[length - 1] ?? 0) + 1;
  return bytes;
}

function writeValue(value: Value): void {
  const rank = typeRank(value);
  writer.byte(rank);
  writePayload(value, rank);
}

function writePayload(value: Value, rank: number): void {
  switch (rank) {
    case TypeRank.number:
      writeNumber(value as NumberValue);
      break;
    case TypeRank.string:
      writer.text(value instanceof BSONSymbol ? value.value : String(value));
      break;
    case TypeRank.object:
      writeDocument(value instanceof DBRef ? dbRefDocument(value) : (value as BsonDocument));
      break;
    case TypeRank.array:
      for (const element of value as Value[]) writeValue(element);
      writer.byte(0);
      break;
    case TypeRank.binary:
      writeBinary(value as Binary);
      break;
    case TypeRank.objectId:
      writer.bytes((value as ObjectId).id);
      break;
    case TypeRank.boolean:
      writer.byte(value === true ? 1 : 0);
      break;
    case TypeRank.date:
      writeDate((value as Date).getTime());
      break;
    case TypeRank.timestamp:
      writer.uint64((value as Timestamp).toBigInt());
      break;
    case TypeRank.regularExpression:
      writer.text((value as BSONRegExp).pattern);
      writer.text((value as BSONRegExp).options);
      break;
    case TypeRank.code:
      writer.text((value as Code).code);
      break;
    case TypeRank.codeWithScope:
      writer.text((value as Code).code);
      writeDocument(((value as Code).scope ?? {}) as BsonDocument);
      break;
    default:
    // Null, MinKey and MaxKey are their rank.
  }
}

/** Flipping the sign bit makes two's complement sort as unsigned. */
function writeDate(time: number): void {
  // BSON's dates reach further than JavaScript's.
  if (Number.isNaN(time)) throw new CommandError('BadValue', 'a date is out of range');
  writer.uint64(BigInt.asUintN(64, BigInt(time)) ^ (1n << 63n));
}

/** Type, name, value of each field, as MongoDB compares them. */
function writeDocument(document: BsonDocument): void {
  for (const name of Object.keys(document)) {
    const value = document[name];
    const rank = typeRank(value);
    writer.byte(rank);
    writer.text(name);
    writePayload(value, rank);
  }
  writer.byte(0);
}

function writeBinary(value: Binary): void {
  writer.uint32(value.position);
  writer.byte(value.sub_type);
  writer.bytes(value.value());
}

const BELOW_NEAREST = 0x40;
const IS_NEAREST = 0x80;
const ABOVE_NEAREST = 0xc0;

/**
 * The nearest double (rounding keeps the order), then whether the value is below, at or above it, and if
 * it is not at it, the exact value in decimal. So all four number types share one order, exactly.
 */
function writeNumber(value: NumberValue): void {
  const exact = value instanceof Int32 || value instanceof Double ? value.value : exactValue(value);
  if (typeof exact === 'number') {
    writeNearest(exact, IS_NEAREST);
    return;
  }
  const nearest = value instanceof Long ? Number(value.toBigInt()) : Number(value.toString());
  const position = comparePosition(exact, nearest);
  writeNearest(nearest, position);
  if (position !== IS_NEAREST) writeExact(exact);
}

function comparePosition(exact: Decimal, nearest: number): number {
  if (nearest === Infinity) return BELOW_NEAREST;
  if (nearest === -Infinity) return ABOVE_NEAREST;
  const order = compareDecimals(exact, fromDouble(nearest));
  return order < 0 ? BELOW_NEAREST : order > 0 ? ABOVE_NEAREST : IS_NEAREST;
}

function writeNearest(number: number, position: number): void {
  if (Number.isNaN(number)) writer.uint64(0n);
  // Adding zero turns -0 into 0: they are equal.
  else writer.double(number + 0);
  writer.byte(position);
}

const POINT_BIAS = 0x8000;

function writeExact(value: Decimal): void {
  const start = writer.length;
  const { digits, point } = digitsOf(value);
  writer.uint16(point + POINT_BIAS);
  writer.text(digits);
  if (value.coefficient < 0n) writer.invert(start);
}
