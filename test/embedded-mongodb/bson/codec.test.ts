/** BSON is decoded and encoded as by the bson package, but without DBRefs, and in every order of fields. */
import { deserialize, serialize } from 'bson';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decode, encode } from '../../../src/embedded-mongodb/bson/codec.ts';
import { Decoder } from '../../../src/embedded-mongodb/bson/decoder.ts';
import { ElementType } from '../../../src/embedded-mongodb/bson/element-type.ts';
import {
  Binary,
  BSONSymbol,
  type BsonDocument,
  Code,
  Int32,
  setOwnValue,
  type Value,
} from '../../../src/embedded-mongodb/bson/value.ts';
import { CommandError } from '../../../src/embedded-mongodb/command-error.ts';
import { values } from '../support/arbitraries.ts';

const names = fc.constantFrom(
  'a',
  'ÿ',
  '',
  '__proto__',
  '$ref',
  '$id',
  '$db',
  '1',
  '10',
  '2',
  'a name of many characters: ÿ',
);
const everyValue = fc.oneof(
  { arbitrary: values, weight: 9 },
  fc.constantFrom<Value>(
    new Code('a'),
    new Code('a', { b: new Int32(1) }),
    new BSONSymbol('ÿ'),
    new Binary(Buffer.from('old'), Binary.SUBTYPE_BYTE_ARRAY),
    new Binary(Buffer.alloc(16), Binary.SUBTYPE_UUID),
    'a text of many characters: ÿ',
  ),
);
const documents: fc.Arbitrary<BsonDocument> = fc
  .array(fc.tuple(names, everyValue), { maxLength: 5 })
  .map((fields) => {
    const document: BsonDocument = {};
    for (const [name, value] of fields) setOwnValue(document, name, value);
    return document;
  });

test('encoding what was decoded gives the same bytes', () => {
  fc.assert(
    fc.property(documents, documents, (outer, inner) => {
      const bytes = encode({ ...outer, inner, list: [inner] });
      expect(Buffer.from(encode(decode(bytes))).equals(bytes)).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test('a document is decoded and encoded as by the bson package', () => {
  fc.assert(
    fc.property(documents, (document) => {
      // Without a DBRef, and with the order of JavaScript.
      const { $ref, $id, ...plain } = document;
      const bytes = encode(plain);
      expect(Buffer.from(bytes).toString('hex')).toBe(Buffer.from(serialize(plain)).toString('hex'));
      expect(decode(bytes)).toEqual(deserialize(bytes, { promoteValues: false, bsonRegExp: true }));
    }),
    { numRuns: 2000 },
  );
});

describe('bytes that are no document', () => {
  const whole = Buffer.from(
    encode({ a: 'text', b: { c: [new Int32(1)] }, d: new Code('e', { f: 1 }), g: new Binary(Buffer.of(1)) }),
  );

  test('are refused if they end too early', () => {
    for (let length = 0; length < whole.length; length += 1)
      expect(() => decode(whole.subarray(0, length))).toThrow(CommandError);
  });

  test('are refused or decoded, whichever byte is wrong', () => {
    for (let index = 0; index < whole.length; index += 1) {
      for (let byte = 0; byte < 256; byte += 1) {
        const wrong = Buffer.from(whole);
        wrong[index] = byte;
        try {
          decode(wrong);
        } catch (error) {
          expect(error).toBeInstanceOf(CommandError);
        }
      }
    }
  });

  test('are refused if a string is not UTF-8, or a document has too many levels', () => {
    const text = Buffer.from(encode({ a: 'xx' }));
    text[11] = 0xff;
    expect(() => decode(text)).toThrow('UTF-8');
    expect(decode(encode({ a: '\ufffd' }))).toEqual({ a: '\ufffd' });
    expect(() => decode(nested(900))).not.toThrow();
    expect(() => decode(nested(100_000))).toThrow('levels');
  });
});

test('only the documents of a top-level array with the given name stay bytes', () => {
  const inner = { documents: [{ a: new Int32(1) }] };
  const { document, documents: raw } = new Decoder(encode({ ...inner, inner })).whole('documents');
  expect(document).toEqual({ inner });
  expect(raw?.map(decode)).toEqual(inner.documents);
  const mixed = { documents: [{ a: new Int32(1) }, 'x'] };
  expect(new Decoder(encode(mixed)).whole('documents')).toEqual({ document: mixed, documents: undefined });
});

/** A document with that many others, one inside the other. */
function nested(levels: number): Buffer {
  const header = 6;
  const bytes = Buffer.alloc((header + 1) * levels + 5);
  for (let level = 0; level < levels; level += 1) {
    bytes.writeInt32LE(bytes.length - (header + 1) * level, header * level);
    bytes[header * level + 4] = ElementType.document;
  }
  bytes.writeInt32LE(5, header * levels);
  return bytes;
}
