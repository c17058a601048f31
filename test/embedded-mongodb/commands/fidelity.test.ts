/** What is written is what is stored, whatever its type and its name. */
import { Decimal128, type Document, Double, Int32, Long } from 'mongodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decode, encode } from '../../../src/embedded-mongodb/bson/codec.ts';
import type { BsonDocument } from '../../../src/embedded-mongodb/bson/value.ts';
import { refusal, TestDatabase } from '../support/test-database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await TestDatabase.start();
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

const decimal = (text: string): Decimal128 => Decimal128.fromString(text);

describe('a value that equals the one before, but is stored as other bytes,', () => {
  test.each<[string, unknown, Document, unknown]>([
    ['a decimal of more digits', decimal('1.0'), { $set: { v: decimal('1.00') } }, decimal('1.00')],
    ['a double', new Int32(1), { $set: { v: new Double(1) } }, new Double(1)],
    ['a long', new Int32(1), { $set: { v: Long.fromInt(1) } }, Long.fromInt(1)],
    ['a negative zero', new Double(0), { $set: { v: new Double(-0) } }, new Double(-0)],
    ['a negative decimal zero', decimal('0'), { $set: { v: decimal('-0') } }, decimal('-0')],
    ['nested', { a: [decimal('1.0')] }, { $set: { v: { a: [decimal('1.00')] } } }, { a: [decimal('1.00')] }],
    ['a sum of more digits', decimal('1.0'), { $inc: { v: decimal('0.00') } }, decimal('1.00')],
    ['a product of another type', new Int32(2), { $mul: { v: new Double(1) } }, new Double(2)],
    ['in a replacement', decimal('1.0'), { v: decimal('1.00') }, decimal('1.00')],
    // As MongoDB documents them, $max, $min and $addToSet compare, so they keep what is equal.
    ['of $max is not', decimal('1.0'), { $max: { v: decimal('1.00') } }, decimal('1.0')],
    ['of $min is not', new Int32(1), { $min: { v: new Double(1) } }, new Int32(1)],
    ['of $addToSet is not', [decimal('1.0')], { $addToSet: { v: decimal('1.00') } }, [decimal('1.0')]],
  ])('%s is stored', async (_what, before, update, after) => {
    const things = database.collection();
    await things.insertOne({ _id: 1 as never, v: before });
    const isReplacement = Object.hasOwn(update, 'v');
    const result = isReplacement ? await things.replaceOne({}, update) : await things.updateOne({}, update);
    const bytes: unknown = await things.findOne({}, { raw: true, projection: { _id: 0 } });
    expect(hexOf(bytes as Uint8Array)).toBe(hexOf(encode({ v: after } as BsonDocument)));
    const isOther =
      hexOf(encode({ v: before } as BsonDocument)) !== hexOf(encode({ v: after } as BsonDocument));
    expect(result).toMatchObject({ matchedCount: 1, modifiedCount: isOther ? 1 : 0 });
  });

  test('may take the place of an _id', async () => {
    const things = database.collection();
    await things.insertOne({ _id: new Int32(1) as never, n: 1 });
    await things.updateOne({}, { $set: { _id: new Double(1) } });
    expect(await things.findOne({ _id: 1 as never }, { promoteValues: false })).toMatchObject({
      _id: new Double(1),
    });
    await things.replaceOne({}, { _id: Long.fromInt(1) } as never);
    expect(await things.findOne({ _id: 1 as never }, { promoteValues: false })).toMatchObject({
      _id: Long.fromInt(1),
    });
    await things.deleteMany({});
    await things.insertOne({ _id: null as never });
    expect(await refusal(things.updateOne({}, { $unset: { _id: 1 } }))).toMatchObject({ code: 66 });
  });

  function hexOf(bytes: Uint8Array): string {
    return Buffer.from(bytes).toString('hex');
  }
});

describe('a field name', () => {
  test.each(['documents', 'constructor', 'toString', '__proto__', 'length'])(
    '%s is ordinary, at any level and in every command',
    async (name) => {
      const things = database.collection();
      const named = (value: unknown): Document => Object.fromEntries([[name, value]]);
      await things.createIndex(named(1), { unique: true, name: 'i' });
      await things.insertOne({ _id: 1 as never, ...named([{ a: 1 }]) });
      const twice = await refusal(things.insertOne(named([{ a: 1 }])));
      expect(twice).toMatchObject({ code: 11000 });
      expect(Object.keys(twice['keyValue'])).toEqual([name]);
      const pushed: Document = { list: named([{ b: 1 }]) };
      await things.updateOne(named([{ a: 1 }]), { $set: named([{ a: 2 }]), $push: pushed });
      const stored = { _id: 1, ...named([{ a: 2 }]), list: [named([{ b: 1 }])] };
      for (const filter of [named([{ a: 2 }]), { [`${name}.a`]: 2 }, { [`list.${name}.b`]: 1 }])
        expect(await textOf(filter)).toBe(JSON.stringify(stored));
      expect(await textOf({}, { _id: 0, ...named(1) })).toBe(JSON.stringify(named([{ a: 2 }])));
      await things.updateOne({}, { $set: { [`deep.${name}.x`]: 1 }, $rename: { list: `deep.${name}.y` } });
      const deep = named({ x: 1, y: [named([{ b: 1 }])] });
      expect(await textOf({ [`deep.${name}.x`]: 1 }, { _id: 0, deep: 1 })).toBe(JSON.stringify({ deep }));
      expect(await things.find().sort(named(1)).hint('i').toArray()).toHaveLength(1);
      expect(await things.distinct(`${name}.a`)).toEqual([2]);
      await things.updateOne({}, { $unset: named('') });
      expect(await things.findOne(named({ $exists: true }))).toBeNull();
      await things.updateOne(named('new'), { $inc: { n: 1 } }, { upsert: true });
      expect(await textOf({ n: 1 }, { _id: 0 })).toBe(JSON.stringify({ ...named('new'), n: 1 }));

      async function textOf(filter: Document, projection: Document = {}): Promise<string> {
        // The driver's decoder makes buffers of the arrays with some of these names.
        const bytes: unknown = await things.findOne(filter, { raw: true, projection });
        return JSON.stringify(decode(bytes as Uint8Array));
      }
    },
  );
});

describe('$pull', () => {
  test.each<[unknown[], unknown, unknown[]]>([
    [[['x', 'y'], 'x'], 'x', [['x', 'y']]],
    [[[null], null, 0], null, [[null], 0]],
    [[[1, 2], [1], 1], [1], [[1, 2], 1]],
    // Operators and patterns look into arrays, as MongoDB's $pull does.
    [[[1, 5], 4, 1], { $gte: 4 }, [1]],
    [[['x'], 'x', 'y'], /x/, ['y']],
    [[1, 2, 3], { $in: [1, 3] }, [2]],
    [[{ a: 1 }, { a: [1] }, { a: 2 }, 1], { a: 1 }, [{ a: 2 }, 1]],
    [[{ a: 1 }, { b: 1 }, { c: 1 }], { $or: [{ a: 1 }, { b: 1 }] }, [{ c: 1 }]],
    [[1, new Double(1), '1'], Long.fromInt(1), ['1']],
  ])('from %j by %j leaves %j', async (before, condition, after) => {
    const things = database.collection();
    await things.insertOne({ list: before });
    await things.updateOne({}, { $pull: { list: condition } } as Document);
    expect((await things.findOne())?.['list']).toEqual(after);
  });
});
