import { Binary, Decimal128, type Document, Double, Int32, Long, ObjectId } from 'mongodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TestDatabase } from '../support/test-database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await TestDatabase.start();
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

const ID = new ObjectId('0123456789abcdef01234567');

/** The _id of each document is its position in the list. */
const DOCUMENTS: readonly Document[] = [
  { a: 1, s: 'abc', list: [1, 2, 3] },
  { a: new Double(1.5), s: 'ABC', list: [] },
  {
    a: Long.fromBigInt(2n ** 53n + 1n),
    list: [
      { x: 1, y: 2 },
      { x: 2, y: 1 },
    ],
  },
  { a: Decimal128.fromString('0.1'), nested: { x: { y: 1 } } },
  { a: null, when: new Date(1000) },
  { s: 'line\nabc', id: ID },
  { a: '1', nested: [{ x: 1 }, { x: [2, 3] }, 4] },
  { a: [1, '1'], list: [[1, 2], 3], bytes: new Binary(Buffer.from([1, 2])) },
  { a: new Double(Number.NaN), flag: true },
];

describe('a filter', () => {
  test.each<[Document, number[]]>([
    [{ a: 1 }, [0, 7]],
    [{ a: new Double(1) }, [0, 7]],
    [{ a: Decimal128.fromString('1.0') }, [0, 7]],
    [{ a: Long.fromBigInt(2n ** 53n) }, []],
    [{ a: Long.fromBigInt(2n ** 53n + 1n) }, [2]],
    [{ a: new Double(0.1) }, []],
    [{ a: Decimal128.fromString('0.10') }, [3]],
    [{ a: null }, [4, 5]],
    [{ a: Number.NaN }, [8]],
    [{ a: { $ne: 1 } }, [1, 2, 3, 4, 5, 6, 8]],
    [{ a: { $gt: 1 } }, [1, 2]],
    [{ a: { $gte: Decimal128.fromString('1') } }, [0, 1, 2, 7]],
    [{ a: { $lt: 1 } }, [3]],
    [{ a: { $lt: '2' } }, [6, 7]],
    [{ a: { $gt: 0, $lte: 1 } }, [0, 3, 7]],
    [{ a: { $in: [1, null] } }, [0, 4, 5, 7]],
    [{ a: { $in: Array.from({ length: 20 }, (_, n) => n) } }, [0, 7]],
    [{ a: { $nin: [1, null] } }, [1, 2, 3, 6, 8]],
    [{ s: { $in: [/^a/, 'ABC'] } }, [0, 1]],
    [{ a: { $exists: false } }, [5]],
    [{ a: { $type: 'number' } }, [0, 1, 2, 3, 7, 8]],
    [{ a: { $type: ['long', 'decimal'] } }, [2, 3]],
    [{ a: { $type: 'array' } }, [7]],
    [{ a: { $type: 10 } }, [4]],
    [{ a: { $not: { $gt: 1 } } }, [0, 3, 4, 5, 6, 7, 8]],
    [{ $and: [{ a: 1 }, { s: 'abc' }] }, [0]],
    [{ $or: [{ a: '1' }, { s: 'ABC' }] }, [1, 6, 7]],
    [{ $nor: [{ a: { $exists: true } }, { s: 'x' }] }, [5]],
    [{ s: /^abc/ }, [0]],
    [{ s: /^abc/m }, [0, 5]],
    [{ s: { $regex: 'abc', $options: 'i' } }, [0, 1, 5]],
    [{ s: { $not: /abc/ } }, [1, 2, 3, 4, 6, 7, 8]],
    [{ list: 2 }, [0]],
    [{ list: [1, 2, 3] }, [0]],
    [{ list: [1, 2] }, [7]],
    [{ list: [] }, [1]],
    [{ list: { $size: 0 } }, [1]],
    [{ list: { $size: 2 } }, [2, 7]],
    [{ list: { $all: [1, 3] } }, [0]],
    [{ list: { $elemMatch: { x: 1, y: 1 } } }, []],
    [{ list: { $elemMatch: { x: 1, y: 2 } } }, [2]],
    [{ 'list.x': 1, 'list.y': 1 }, [2]],
    [{ list: { $elemMatch: { $gt: 2, $lt: 4 } } }, [0, 7]],
    [{ 'list.0': 1 }, [0, 7]],
    [{ 'list.1.x': 2 }, [2]],
    [{ 'nested.x': 3 }, [6]],
    [{ 'nested.x.y': 1 }, [3]],
    [{ 'nested.x': { y: 1 } }, [3]],
    [{ nested: { x: { y: new Double(1) } } }, [3]],
    [{ a: { $mod: [2, 1] } }, [0, 1, 2, 7]],
    [{ when: { $gte: new Date(1000), $lt: new Date(1001) } }, [4]],
    [{ id: ID }, [5]],
    [{ bytes: new Binary(Buffer.from([1, 2])) }, [7]],
    [{ flag: true }, [8]],
    [{ flag: 1 }, []],
    [{ _id: { $gt: 6 as never } }, [7, 8]],
    [{ $comment: 'nothing', a: '1' }, [6, 7]],
  ])('%j finds the documents %j', async (filter, expected) => {
    const things = database.db.collection('filtered');
    // Any test may run first, so each inserts the documents. Their ids keep them from being stored twice.
    await things
      .insertMany(
        DOCUMENTS.map((document, index) => ({ _id: index as never, ...document })),
        { ordered: false },
      )
      .catch(() => {});
    const found = await things.find(filter).sort({ _id: 1 }).toArray();
    expect(found.map((document) => Number(document._id))).toEqual(expected);
    expect(await things.countDocuments(filter)).toBe(expected.length);
  });
});

describe('an update', () => {
  test.each<[Document, Document, Document]>([
    [{ a: 1 }, { $set: { 'b.c': 1 } }, { a: 1, b: { c: 1 } }],
    [{ l: [1, 2] }, { $set: { 'l.1': 3, 'l.3': 4 } }, { l: [1, 3, null, 4] }],
    [{ l: [{ a: 1 }] }, { $set: { 'l.0.a': 2, 'l.0.b': 3 } }, { l: [{ a: 2, b: 3 }] }],
    [{ a: 1, b: 2 }, { $unset: { a: '', x: '' } }, { b: 2 }],
    [{ l: [1, 2] }, { $unset: { 'l.0': '' } }, { l: [null, 2] }],
    [{ a: 1 }, { $rename: { a: 'b.c' } }, { b: { c: 1 } }],
    [{}, { $inc: { n: 5 }, $mul: { m: 5 } }, { m: 0, n: 5 }],
    [{ n: 5 }, { $min: { n: 3 }, $max: { m: 4 } }, { n: 3, m: 4 }],
    [{ n: 5 }, { $min: { n: 7 } }, { n: 5 }],
    [{}, { $push: { l: 1 } }, { l: [1] }],
    [{ l: [1] }, { $push: { l: { $each: [4, 3], $position: 0 } } }, { l: [4, 3, 1] }],
    [{ l: [1] }, { $push: { l: { $each: [4, 3], $sort: 1, $slice: 2 } } }, { l: [1, 3] }],
    [{ l: [1] }, { $push: { l: { $each: [4, 3], $slice: -2 } } }, { l: [4, 3] }],
    [
      { l: [{ a: 2 }] },
      { $push: { l: { $each: [{ a: 1 }], $sort: { a: 1 } } } },
      { l: [{ a: 1 }, { a: 2 }] },
    ],
    [{ l: [1, 2] }, { $addToSet: { l: new Double(2) } }, { l: [1, 2] }],
    [{ l: [1] }, { $addToSet: { l: { $each: [1, 2, 2] } } }, { l: [1, 2] }],
    [{ l: [1, 2, 3] }, { $pull: { l: { $gte: 2 } } }, { l: [1] }],
    [{ l: [{ a: 1, b: 1 }, { a: 2 }] }, { $pull: { l: { a: 1 } } }, { l: [{ a: 2 }] }],
    [{ l: [1, 2, 1] }, { $pull: { l: 1 } }, { l: [2] }],
    [
      { l: [1, 1] },
      { $addToSet: { l: { $each: [1, { x: 1, y: 2 }, { y: 2, x: 1 }] } } },
      { l: [1, 1, { x: 1, y: 2 }, { y: 2, x: 1 }] },
    ],
    [{ l: [1, 2, 1] }, { $pullAll: { l: [1] } }, { l: [2] }],
    [{ l: [1, '1', 2] }, { $pullAll: { l: [new Double(1), 3] } }, { l: ['1', 2] }],
    [{ l: [1, 2, 3] }, { $pop: { l: 1 } }, { l: [1, 2] }],
    [{ l: [1, 2, 3] }, { $pop: { l: -1 } }, { l: [2, 3] }],
    [{ a: 1 }, { $setOnInsert: { b: 1 } }, { a: 1 }],
    [{ '1': 'x', a: 1 }, { $set: { '1': 'y' } }, { '1': 'y', a: 1 }],
  ])('of %j by %j results in %j', async (before, update, after) => {
    const things = database.collection();
    await things.createIndex({ 'l.a': 1, n: -1 });
    await things.insertOne({ ...before });
    await things.updateOne({}, update);
    expect(await things.findOne({}, { projection: { _id: 0 } })).toEqual(after);
    expect(await things.find({}).hint({ 'l.a': 1, n: -1 }).toArray()).toHaveLength(1);
  });

  test('that changes nothing counts no document as modified', async () => {
    const things = database.collection();
    await things.insertOne({ a: new Int32(1) });
    expect(await things.updateMany({}, { $set: { a: new Int32(1) } })).toMatchObject({
      matchedCount: 1,
      modifiedCount: 0,
    });
    expect(await things.updateMany({}, { $set: { a: new Double(1) } })).toMatchObject({
      matchedCount: 1,
      modifiedCount: 1,
    });
  });

  test('can set a field to the current date', async () => {
    const things = database.collection();
    const before = Date.now();
    await things.insertOne({});
    await things.updateOne({}, { $currentDate: { at: true, stamp: { $type: 'timestamp' } } } as Document);
    const stored = await things.findOne({});
    expect(stored?.['at'].getTime()).toBeGreaterThanOrEqual(before);
    expect(stored?.['stamp']._bsontype).toBe('Timestamp');
  });
});

describe('a projection', () => {
  const document = { _id: 1 as never, a: 1, b: { c: 2, d: 3 }, l: [{ c: 1, d: 2 }, 5, { d: 3 }] };
  test.each<[Document, Document]>([
    [{ a: 1 }, { _id: 1, a: 1 }],
    [{ a: 1, _id: 0 }, { a: 1 }],
    [{ _id: 1 }, { _id: 1 }],
    [{ _id: 0 }, { a: 1, b: { c: 2, d: 3 }, l: [{ c: 1, d: 2 }, 5, { d: 3 }] }],
    [
      { 'b.c': 1, 'l.c': true },
      { _id: 1, b: { c: 2 }, l: [{ c: 1 }, {}] },
    ],
    [
      { 'b.c': 0, l: 0 },
      { _id: 1, a: 1, b: { d: 3 } },
    ],
  ])('%j results in %j', async (projection, expected) => {
    const things = database.collection();
    await things.insertOne(document);
    expect(await things.findOne({}, { projection })).toEqual(expected);
  });
});

test('a TTL index removes documents after their time', async () => {
  await using quick = await TestDatabase.start({ sweepIntervalMs: 20 });
  const things = quick.collection();
  await things.createIndex({ at: 1 }, { expireAfterSeconds: 60 });
  const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000);
  await things.insertMany([
    { _id: 'old' as never, at: minutesAgo(2) },
    { _id: 'one is old' as never, at: [new Date(), minutesAgo(2)] },
    { _id: 'new' as never, at: new Date() },
    { _id: 'no date' as never, at: 'x' },
    { _id: 'none' as never },
  ]);
  await expect
    .poll(async () => (await things.find().toArray()).map(({ _id }) => String(_id)).toSorted(), {
      timeout: 10_000,
    })
    .toEqual(['new', 'no date', 'none']);
});
