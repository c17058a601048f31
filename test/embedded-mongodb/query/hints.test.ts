import type { Document } from 'mongodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { refusal, TestDatabase } from '../support/test-database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await TestDatabase.start();
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

describe('the hint $natural', () => {
  test.each([1, 200, 1000])('gives %i documents in the order of insertion, or backward', async (count) => {
    const things = database.collection();
    await things.insertMany(Array.from({ length: count }, (_, n) => ({ _id: (1000 - n) as never })));
    const inserted = Array.from({ length: count }, (_, n) => 1000 - n);
    const idsBy = async (hint: Document, filter: Document = {}) =>
      (await things.find(filter).hint(hint).toArray()).map(({ _id }) => Number(_id));
    expect(await idsBy({ $natural: 1 })).toEqual(inserted);
    expect(await idsBy({ $natural: -1 })).toEqual(inserted.toReversed());
    expect(await idsBy({ $natural: -1 }, { _id: { $gt: 997 } })).toEqual(inserted.slice(0, 3).toReversed());
    expect(await things.findOne({}, { hint: { $natural: -1 } })).toEqual({ _id: inserted.at(-1) });
    await things.deleteOne({}, { hint: { $natural: -1 } });
    expect(await things.findOne({ _id: inserted.at(-1) as never })).toBeNull();
  });

  test.each<[Document]>([[{ $natural: 2 }], [{ $natural: 'x' }], [{ $natural: 1, a: 1 }]])(
    'is refused as %j',
    async (hint) => {
      const things = database.collection();
      await things.insertOne({});
      expect(await refusal(things.find().hint(hint).toArray())).toMatchObject({ code: 2 });
    },
  );
});

describe('a hidden index', () => {
  test('is listed and kept up to date, but no query uses it, and no hint may name it', async () => {
    const things = database.collection();
    await things.createIndex({ a: 1 }, { hidden: true, unique: true, name: 'hidden' });
    await things.insertMany([{ a: 2 }, { a: 1 }]);
    expect(await things.indexes()).toMatchObject([{ name: '_id_' }, { name: 'hidden', hidden: true }]);
    expect(await refusal(things.insertOne({ a: 1 }))).toMatchObject({ code: 11000 });
    expect(await refusal(things.find().hint('hidden').toArray())).toMatchObject({ code: 2 });
    expect(await refusal(things.find().hint({ a: 1 }).toArray())).toMatchObject({ code: 2 });
    // An index on `a` would give them in its own order.
    const found = await things.find({ a: { $gt: 0 } }, { projection: { _id: 0 } }).toArray();
    expect(found).toEqual([{ a: 2 }, { a: 1 }]);
    expect(await things.countDocuments({ a: 1 })).toBe(1);
  });

  test('is not the one on _id, and declaring one again does not show it', async () => {
    const things = database.collection();
    expect(await refusal(things.createIndex({ _id: 1 }, { name: '_id_', hidden: true }))).toMatchObject({
      code: 2,
    });
    await things.createIndex({ a: 1 }, { hidden: true });
    await things.createIndex({ a: 1 });
    expect(await things.indexes()).toMatchObject([{ name: '_id_' }, { hidden: true }]);
  });
});
