/** The update operators against small models that say what MongoDB's manual says. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encode } from '../../../src/embedded-mongodb/bson/codec.ts';
import {
  type BsonDocument,
  Decimal128,
  Double,
  Int32,
  isNumber,
  Long,
  toNumber,
  type Value,
} from '../../../src/embedded-mongodb/bson/value.ts';
import { compileUpdate } from '../../../src/embedded-mongodb/update/update.ts';
import { values } from '../support/arbitraries.ts';

/** Few values, of which many are equal. */
const simple: readonly Value[] = [
  new Int32(1),
  new Double(1),
  Long.fromInt(2),
  new Double(2),
  Decimal128.fromString('1.0'),
  Decimal128.fromString('1.00'),
  'a',
  '1',
  null,
  true,
];
const elements = fc.constantFrom<Value>(
  ...simple,
  ['a'],
  [new Int32(1)],
  [],
  { k: new Int32(1) },
  { k: new Double(1), j: 'a' },
);
const arrays = fc.array(elements, { maxLength: 6 });
const positions = fc.integer({ min: -7, max: 7 });

interface Step {
  readonly update: BsonDocument;
  /** What the manual says about the array. */
  readonly model: (array: readonly Value[]) => readonly Value[];
}

const steps: fc.Arbitrary<Step> = fc.oneof(
  elements.map((value): Step => ({ update: { $push: { v: value } }, model: (array) => [...array, value] })),
  fc.tuple(arrays, positions, fc.option(positions)).map(([added, position, slice]): Step => {
    const limited = slice === null ? {} : { $slice: new Int32(slice) };
    return {
      update: { $push: { v: { $each: added, $position: new Int32(position), ...limited } } },
      model: (array) => sliced(array.toSpliced(position, 0, ...added), slice),
    };
  }),
  arrays.map(
    (added): Step => ({
      update: { $addToSet: { v: { $each: added } } },
      model: (array) => union(array, added),
    }),
  ),
  elements.map(
    (value): Step => ({ update: { $addToSet: { v: value } }, model: (array) => union(array, [value]) }),
  ),
  arrays.map(
    (pulled): Step => ({ update: { $pullAll: { v: pulled } }, model: (array) => without(array, pulled) }),
  ),
  fc
    .constantFrom(...simple, ['a'], [])
    .map((value): Step => ({ update: { $pull: { v: value } }, model: (array) => without(array, [value]) })),
  fc.constant<Step>({ update: { $pop: { v: new Int32(1) } }, model: (array) => array.slice(0, -1) }),
  fc.constant<Step>({ update: { $pop: { v: new Int32(-1) } }, model: (array) => array.slice(1) }),
);

test('the operators on arrays do what the manual says', () => {
  fc.assert(
    fc.property(arrays, steps, (before, { update, model }) => {
      expectUpdate({ _id: 'it', v: before, w: new Int32(1) }, update, { v: [...model(before)] });
    }),
    { numRuns: 3000 },
  );
});

test('$set stores any value in the place of any other, and counts what stores the same bytes as no change', () => {
  fc.assert(
    fc.property(values, values, (before, after) => {
      expectUpdate({ _id: 'it', v: before }, { $set: { v: after } }, { v: after });
      expectUpdate({ _id: 'it', v: before }, { $set: { v: before } }, {});
      expectUpdate({ _id: 'it', v: before }, { v: after }, { v: after });
    }),
    { numRuns: 2000 },
  );
});

/** @param changed the fields with other values afterwards */
function expectUpdate(before: BsonDocument, update: BsonDocument, changed: BsonDocument): void {
  const expected = Buffer.from(encode({ ...before, ...changed }));
  const after = compileUpdate(update).apply(before);
  expect(Buffer.from(encode(after ?? before)).toString('hex')).toBe(expected.toString('hex'));
  expect(after === undefined).toBe(expected.equals(encode(before)));
}

/** "$slice: 0 … an empty array, negative … the last, positive … the first <num> elements." */
function sliced(array: readonly Value[], slice: number | null): readonly Value[] {
  if (slice === null) return array;
  return array.filter((_, index) => (slice < 0 ? index >= array.length + slice : index < slice));
}

/** "$addToSet adds a value to an array unless the value is already present." */
function union(array: readonly Value[], added: readonly Value[]): readonly Value[] {
  const set = [...array];
  for (const value of added) if (!set.some((known) => isSame(known, value))) set.push(value);
  return set;
}

/** "$pullAll removes all instances of the specified values", and $pull of a value those of one. */
function without(array: readonly Value[], removed: readonly Value[]): readonly Value[] {
  return array.filter((element) => !removed.some((value) => isSame(element, value)));
}

/** Numbers are equal by value, documents and arrays only with the same elements in the same order. */
function isSame(left: Value, right: Value): boolean {
  return textOf(left) === textOf(right);
}

function textOf(value: Value): string {
  if (isNumber(value)) return `number ${toNumber(value)}`;
  if (value === null || typeof value !== 'object') return `${typeof value} ${value}`;
  const fields = Object.entries(value).map(([name, inner]) => `${name}: ${textOf(inner as Value)}`);
  return Array.isArray(value) ? `[${fields.join()}]` : `{${fields.join()}}`;
}
