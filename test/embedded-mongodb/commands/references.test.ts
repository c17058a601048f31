/** A DBRef ({$ref, $id, …}) is a document as any other. */
import { DBRef, type Document } from 'mongodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decode } from '../../../src/embedded-mongodb/bson/codec.ts';
import { refusal, TestDatabase } from '../support/test-database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await TestDatabase.start();
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

const REFERENCES: readonly Document[] = [
  { _id: 1, r: { $ref: 'users', $id: 5, more: 'b' } },
  { _id: 2, r: { $ref: 'users', $id: 3, $db: 'other' } },
  { _id: 3, r: [{ $id: 4, $ref: 'a.b' }, new DBRef('users', 9 as never)] },
  { _id: 4, r: { x: 1 } },
];

test.each<[Document, number[]]>([
  [{ 'r.$id': 5 }, [1]],
  [{ 'r.$id': { $gt: 3 } }, [1, 3]],
  [{ 'r.$ref': 'a.b' }, [3]],
  [{ 'r.$db': 'other' }, [2]],
  [{ 'r.more': 'b' }, [1]],
  [{ r: new DBRef('users', 9 as never) }, [3]],
  [{ r: { $ref: 'users', $id: 5 } }, []],
  [{ r: { $in: [{ $ref: 'users', $id: 3, $db: 'other' }] } }, [2]],
  [{ r: { $ne: { $id: 4, $ref: 'a.b' } } }, [1, 2, 4]],
  [{ r: { $elemMatch: { $ref: 'users', $id: 9 } } }, [3]],
  [{ r: { $elemMatch: { $id: 4 } } }, [3]],
])('the filter %j finds %j, with and without indexes', async (filter, expected) => {
  const things = database.collection();
  await things.insertMany(REFERENCES.map((document) => ({ ...document })) as never);
  const find = async () =>
    (await things.find(filter).sort({ _id: 1 }).toArray()).map(({ _id }) => Number(_id));
  expect(await find()).toEqual(expected);
  await things.createIndexes([{ key: { r: 1 } }, { key: { 'r.$id': 1 } }, { key: { 'r.more': -1 } }]);
  expect(await find()).toEqual(expected);
});

test('it is sorted, updated and projected by its fields', async () => {
  const things = database.collection();
  await things.insertMany(REFERENCES.slice(0, 2).map((document) => ({ ...document })) as never);
  const sorted = await things.find().sort({ 'r.$id': 1 }).toArray();
  expect(sorted.map(({ _id }) => Number(_id))).toEqual([2, 1]);
  const list: Document = { list: { $ref: 'x', $id: 1 } };
  await things.updateOne({ 'r.$id': 3 }, { $set: { 'r.$id': 7 }, $push: list });
  await things.updateOne({ _id: 2 as never }, { $pull: { list: { $ref: 'x', $id: 2 } } as Document });
  const stored = '{"_id":2,"r":{"$ref":"users","$id":7,"$db":"other"},"list":[{"$ref":"x","$id":1}]}';
  expect(await textOf({ _id: 2 })).toBe(stored);
  expect(await textOf({ _id: 1 }, { 'r.$id': 1 })).toBe('{"_id":1,"r":{"$id":5}}');
  await things.updateOne({ _id: 2 as never }, { $pull: { list: { $id: 1 } } as Document });
  expect(await things.findOne({ list: { $size: 0 } })).not.toBeNull();

  async function textOf(filter: Document, projection: Document = {}): Promise<string> {
    // The driver's own decoder would make a DBRef of it.
    const bytes: unknown = await things.findOne(filter, { raw: true, projection });
    return JSON.stringify(decode(bytes as Uint8Array));
  }
});

test('its fields keep their order and their values when another field is updated', async () => {
  const things = database.collection();
  const document = { _id: 1, r: { first: 1, $id: 'an id', $ref: 'data.base', $db: 'other', last: 2 } };
  await things.insertOne({ ...document } as never);
  await things.updateOne({}, { $set: { n: 1 } });
  const bytes: unknown = await things.findOne({}, { raw: true });
  expect(JSON.stringify(decode(bytes as Uint8Array))).toBe(JSON.stringify({ ...document, n: 1 }));
});

test('its names are not operators of an update, and an index does not begin with one', async () => {
  const things = database.collection();
  expect(await refusal(things.updateOne({}, { $ref: 'x', $id: 1 } as never))).toMatchObject({ code: 9 });
  expect(await refusal(things.updateOne({}, { $set: { $id: 1 } }))).toMatchObject({ code: 52 });
  expect(await refusal(things.createIndex({ $id: 1 }))).toMatchObject({ code: 67 });
});
