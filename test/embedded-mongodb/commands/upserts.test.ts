import { type Document, Double } from 'mongodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { refusal, TestDatabase } from '../support/test-database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await TestDatabase.start();
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

describe('an upsert', () => {
  test.each<[Document, Document]>([
    [{ $or: [{ a: 1 }] }, { a: 1 }],
    [{ $and: [{ $or: [{ a: 1, b: 2 }] }, { c: 3 }] }, { a: 1, b: 2, c: 3 }],
    [{ $or: [{ a: 1 }, { b: 2 }] }, {}],
    [{ $nor: [{ a: 1 }] }, {}],
    [{ a: { $all: [1] } }, { a: 1 }],
    [{ a: { $all: [{ $elemMatch: { b: 1 } }] } }, {}],
    [{ a: { $in: [1] } }, { a: 1 }],
    [{ a: { $in: [1, new Double(1)] } }, { a: 1 }],
    [{ a: { $in: [1, 2] } }, {}],
    [{ a: { $in: [/x/] }, b: /y/ }, {}],
    [{ a: null }, { a: null }],
    [{ a: { $gt: 0, $eq: 1 } }, { a: 1 }],
    [{ 'a.b': 1, 'a.c': 2 }, { a: { b: 1, c: 2 } }],
    [{ a: { $ref: 'x', $id: 1 }, b: { $not: { $eq: 1 } } }, { a: { $ref: 'x', $id: 1 } }],
    [{ 'a.0': 1 }, { a: { 0: 1 } }],
  ])('of %j copies %j', async (filter, expected) => {
    const things = database.collection();
    await things.updateOne(filter, { $set: { set: true } }, { upsert: true });
    const [stored] = await things.find({}, { projection: { _id: 0 } }).toArray();
    expect(JSON.parse(JSON.stringify(stored))).toEqual({ ...expected, set: true });
  });

  test.each<[Document]>([
    [{ x: { x: 1 }, 'x.y': 1 }],
    [{ 'x.y': 1, x: { x: 1 } }],
    [{ a: { $all: [1, 2] } }],
    [{ a: 1, $and: [{ a: 2 }] }],
    [{ a: 1, $or: [{ a: 1 }] }],
    [{ a: { $eq: 1, $in: [1] } }],
  ])('of %j is refused, because the filter fixes a field twice', async (filter) => {
    const things = database.collection();
    const upserted = things.updateOne(filter, { $set: { set: true } }, { upsert: true });
    expect(await refusal(upserted)).toMatchObject({ code: 54 });
    const modified = things.findOneAndUpdate(filter, { $set: { set: true } }, { upsert: true });
    expect(await refusal(modified)).toMatchObject({ code: 54 });
    expect(await things.findOne()).toBeNull();
    // A replacement takes only the _id from the filter.
    await things.replaceOne(filter, { n: 1 }, { upsert: true });
    expect(await things.findOne({}, { projection: { _id: 0 } })).toEqual({ n: 1 });
  });

  test('of a replacement takes the _id of the filter, and refuses one that is not a single value', async () => {
    const things = database.collection();
    const upsert = (filter: Document, replacement: Document) =>
      things.replaceOne(filter, replacement, { upsert: true });
    expect(await upsert({ _id: null, n: 1 }, { n: 2 })).toMatchObject({ upsertedId: null });
    expect(await upsert({ $or: [{ _id: 7 }] }, { n: 3 })).toMatchObject({ upsertedId: 7 });
    expect(await upsert({ _id: { $in: [8] } }, { _id: 8 })).toMatchObject({ upsertedId: 8 });
    expect(await refusal(upsert({ _id: 9 }, { _id: 10 }))).toMatchObject({ code: 66 });
    expect(await refusal(upsert({ _id: { $all: [1, 2] } }, {}))).toMatchObject({ code: 54 });
    expect(await refusal(upsert({ '_id.a': 1 }, {}))).toMatchObject({ code: 55 });
    expect(await things.countDocuments()).toBe(3);
  });
});
