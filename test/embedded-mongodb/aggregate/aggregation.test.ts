import { type Document, Double, Int32, Long } from 'mongodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TestDatabase } from '../support/test-database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await TestDatabase.start();
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

const DOCUMENTS: readonly Document[] = [
  { kind: 'a', n: 1 },
  { kind: 'b', n: 2, tag: { x: 1 } },
  { kind: 'a', n: 3, tag: [{ x: 1 }, [{ x: 2 }], { x: 3 }] },
  { kind: null, n: 'not a number' },
  { n: Long.fromBigInt(2n ** 40n), tag: 5 },
];

describe('a pipeline', () => {
  test.each<[Document[], Document[]]>([
    [[{ $match: { kind: 'a' } }, { $count: 'found' }], [{ found: 2 }]],
    [[{ $match: { kind: 'x' } }, { $count: 'found' }], []],
    [[{ $match: { kind: 'a' } }, { $group: { _id: 1, n: { $sum: 1 } } }], [{ _id: 1, n: 2 }]],
    [[{ $match: { kind: 'x' } }, { $group: { _id: 1, n: { $sum: 1 } } }], []],
    [[{ $skip: 1 }, { $limit: 3 }, { $count: 'n' }], [{ n: 3 }]],
    [[{ $limit: 1 }, { $match: { kind: 'b' } }, { $count: 'n' }], []],
    [
      [{ $group: { _id: '$kind', n: { $count: {} }, sum: { $sum: '$n' } } }, { $sort: { sum: -1 } }],
      [
        { _id: null, n: 2, sum: 2 ** 40 },
        { _id: 'a', n: 2, sum: 4 },
        { _id: 'b', n: 1, sum: 2 },
      ],
    ],
    [
      // A field that is missing is left out. A path goes into the documents of an array, but not further.
      [{ $match: { kind: { $ne: null } } }, { $group: { _id: { k: '$kind', x: '$tag.x' } } }],
      [{ _id: { k: 'a' } }, { _id: { k: 'b', x: 1 } }, { _id: { k: 'a', x: [1, 3] } }],
    ],
    [
      [{ $match: { n: { $lt: 3 } } }, { $group: { _id: null, n: { $sum: '$n' }, none: { $sum: '$x' } } }],
      [{ _id: null, n: 3, none: 0 }],
    ],
    [
      [{ $sort: { n: -1 } }, { $match: { kind: 'a' } }, { $limit: 1 }, { $group: { _id: '$n' } }],
      [{ _id: 3 }],
    ],
    [[{ $group: { _id: '$tag.0' } }], [{ _id: null }, { _id: [] }]],
  ])('%j gives %j', async (pipeline, expected) => {
    const things = database.collection();
    await things.insertMany(DOCUMENTS.map((document) => ({ ...document })));
    expect(await things.aggregate(pipeline).toArray()).toEqual(expected);
  });

  test('groups numbers of all types by their value', async () => {
    const things = database.collection();
    await things.insertMany([new Int32(1), new Double(1), Long.fromInt(1), 1.5].map((n) => ({ n })));
    expect(await things.aggregate([{ $group: { _id: '$n', count: { $sum: 1 } } }]).toArray()).toEqual([
      { _id: 1, count: 3 },
      { _id: 1.5, count: 1 },
    ]);
  });

  test('returns its results in batches', async () => {
    const things = database.collection();
    await things.insertMany(Array.from({ length: 500 }, (_, n) => ({ n })));
    const pipeline = [{ $group: { _id: '$n', m: { $sum: '$n' } } }, { $sort: { m: -1 } }, { $skip: 3 }];
    const found = await things.aggregate(pipeline, { batchSize: 7 }).toArray();
    expect(found.map(({ m }) => m)).toEqual(Array.from({ length: 497 }, (_, n) => 496 - n));
  });
});
