/**
 * Index keys: values encoded as bytes that compare, byte by byte, in MongoDB's order. SQLite compares BLOBs
 * so, and an index is a table of such keys. No encoding is the beginning of another. So a compound key is a
 * concatenation, and a descending field is its bytes inverted. storage/README.md has a table of the encoding.
 */

import { TypeRank, typeRank } from '../../bson/compare.ts';
import {
  type Binary,
  type BSONRegExp,
  type BsonDocument,
  type Code,
  type NumberValue,
  namesOf,
  type ObjectId,
  type Timestamp,
  textOf,
  type Value,
} from '../../bson/value.ts';
import { CommandError } from '../../command-error.ts';
import { KeyWriter } from './key-writer.ts';
import { writeNumber } from './number-key.ts';

const writer = new KeyWriter();

/** An empty array as a field of a key. */
export const EMPTY_ARRAY = Symbol('empty array');
export type KeyPart = Value | typeof EMPTY_ARRAY;

/** One key of an index. `descending[i]` is the direction of field i. */
export function encodeKey(parts: readonly KeyPart[], descending: readonly boolean[]): Uint8Array {
  writer.begin();
  for (let index = 0; index < parts.length; index += 1) {
    const start = writer.length;
    const part = parts[index];
    if (part === EMPTY_ARRAY) writer.byte(TypeRank.undefined);
    else writeValue(part);
    if (descending[index] === true) writer.invert(start);
  }
  return writer.copy();
}

/** The ascending key of a single value. */
export function encodeValue(value: Value): Uint8Array {
  writer.begin();
  writeValue(value);
  return writer.copy();
}

/**
 * A text that is the same for two values exactly if they are equal. Makes sets and maps of values possible.
 */
export function identityOf(value: Value): string {
  writer.begin();
  writeValue(value);
  return writer.latin1();
}

function writeValue(value: Value): void {
  const rank = typeRank(value);
  writer.byte(rank);
  writePayload(value, rank);
}

function writePayload(value: Value, rank: number): void {
  switch (rank) {
    case TypeRank.number:
      writeNumber(writer, value as NumberValue);
      break;
    case TypeRank.string:
      writer.text(textOf(value));
      break;
    case TypeRank.object:
      writeDocument(value as BsonDocument);
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
    // Null, MinKey and MaxKey have no payload.
  }
}

/** With its sign bit flipped, a signed number sorts as an unsigned one. */
function writeDate(time: number): void {
  // BSON dates reach further than JavaScript's.
  if (Number.isNaN(time)) throw new CommandError('BadValue', 'a date is out of range');
  writer.uint64(BigInt.asUintN(64, BigInt(time)) ^ (1n << 63n));
}

/** Type, name and value of each field, as MongoDB compares them. */
function writeDocument(document: BsonDocument): void {
  for (const name of namesOf(document)) {
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
