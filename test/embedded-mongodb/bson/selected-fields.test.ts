/** Decoding some fields of a document gives what decoding all of it gives. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decode, encode } from '../../../src/embedded-mongodb/bson/codec.ts';
import { decoderOf } from '../../../src/embedded-mongodb/bson/selected-fields.ts';
import { BSONSymbol, type BsonDocument, Code, type Value } from '../../../src/embedded-mongodb/bson/value.ts';
import { values } from '../support/arbitraries.ts';

const NAMES = ['', 'a', 'b', 'ab', 'a.b', 'ÿ', '1', '__proto__', '\ufffd'];
const names = fc.constantFrom(...NAMES);
const nameBytes = fc.oneof(
  { arbitrary: names.map((name) => Buffer.from(name)), weight: 9 },
  // Not UTF-8. It is decoded to a replacement character.
  fc.constant(Buffer.of(0xff)),
);

const typedValues: fc.Arbitrary<readonly [number, Buffer]> = fc
  .oneof(
    { arbitrary: values, weight: 5 },
    fc.constantFrom<Value>(new Code('a'), new Code('a', { b: 1 }), new BSONSymbol('a')),
  )
  .map((value) => {
    const bytes = Buffer.from(encode({ v: value }));
    return [bytes[4] ?? 0, bytes.subarray(7, -1)];
  });
/** A BSON undefined. */
const deprecatedValues = fc.constant<readonly [number, Buffer]>([0x06, Buffer.of()]);
const elements = fc
  .tuple(nameBytes, fc.oneof({ arbitrary: typedValues, weight: 9 }, deprecatedValues))
  .map(([name, [type, value]]) => Buffer.concat([Buffer.of(type), name, Buffer.of(0), value]));
/** Names may occur twice. */
const documents = fc.array(elements, { maxLength: 6 }).map((parts) => {
  const content = Buffer.concat(parts);
  const length = Buffer.alloc(4);
  length.writeInt32LE(content.length + 5);
  return Buffer.concat([length, content, Buffer.of(0)]);
});

test('selected fields have the values that they have in the whole document', () => {
  fc.assert(
    fc.property(documents, fc.uniqueArray(names, { maxLength: 4 }), (bytes, selected) => {
      const whole = decode(bytes);
      const part = decoderOf(selected)(bytes);
      expect(selected.map((name) => field(part, name))).toEqual(selected.map((name) => field(whole, name)));
    }),
    { numRuns: 2000 },
  );
});

test('fields that were not selected are skipped', () => {
  const bytes = encode({ a: 'x', b: { c: 'y' }, d: 'z' });
  expect(decoderOf(['b', 'e'])(bytes)).toEqual({ b: { c: 'y' } });
});

test('many fields are selected as well as few', () => {
  const many = Array.from({ length: 100 }, (_, index) => `f${index}`);
  const document: BsonDocument = Object.fromEntries(many.map((name) => [name, name]));
  expect(decoderOf(many)(encode(document))).toEqual(document);
});

function field(document: BsonDocument, name: string): { present: boolean; value: Value } {
  const present = Object.hasOwn(document, name);
  return { present, value: present ? document[name] : undefined };
}
