/**
 * What a client may not say by mistake: the embedded database ignores nothing that MongoDB would obey or
 * refuse.
 */
import { type Document, Long, Timestamp } from 'mongodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, refusal, TestDatabase } from '../support/test-database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await TestDatabase.start();
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

const SET = { $set: { changed: true } };

describe('an unknown field is refused, and nothing is changed', () => {
  test.each<[Document, string]>([
    [{ find: 'things', filtr: { a: 1 } }, 'find.filtr'],
    [{ find: 'things', query: { a: 1 } }, 'find.query'],
    [{ aggregate: 'things', pipeline: [], cursor: {}, hnt: { a: 1 } }, 'aggregate.hnt'],
    [{ count: 'things', filter: { a: 1 } }, 'count.filter'],
    [{ distinct: 'things', key: 'a', filter: { a: 1 } }, 'distinct.filter'],
    [{ getMore: Long.fromInt(1), collection: 'things', batchsize: 1 }, 'getMore.batchsize'],
    [{ killCursors: 'things', cursors: [], cursor: [] }, 'killCursors.cursor'],
    [{ insert: 'things', documents: [{ a: 1 }], orderd: false }, 'insert.orderd'],
    [{ update: 'things', updates: [{ q: {}, u: SET }], orderd: false }, 'update.orderd'],
    [{ update: 'things', updates: [{ q: {}, u: SET, upsrt: true }] }, 'update.updates.upsrt'],
    [
      {
        update: 'things',
        updates: [
          { q: { a: 1 }, u: SET },
          { quary: {}, u: SET },
        ],
      },
      'update.updates.quary',
    ],
    [{ delete: 'things', deletes: [{ q: { a: 1 }, limit: 1, lmit: 1 }] }, 'delete.deletes.lmit'],
    [
      {
        delete: 'things',
        deletes: [
          { q: {}, limit: 0 },
          { quary: { a: 1 }, limit: 0 },
        ],
      },
      'delete.deletes.quary',
    ],
    [{ findAndModify: 'things', quary: {}, remove: true }, 'findAndModify.quary'],
    [{ findAndModify: 'things', query: {}, update: SET, upsrt: true }, 'findAndModify.upsrt'],
    [{ create: 'other', cappd: true }, 'create.cappd'],
    [{ drop: 'things', if: 1 }, 'drop.if'],
    [{ dropDatabase: 1, collection: 'other' }, 'dropDatabase.collection'],
    [{ listCollections: 1, filtr: { name: 'x' } }, 'listCollections.filtr'],
    [
      { createIndexes: 'things', indexes: [{ key: { a: 1 }, name: 'a' }], unique: true },
      'createIndexes.unique',
    ],
    [{ dropIndexes: 'things', indx: '*' }, 'dropIndexes.indx'],
    [{ listIndexes: 'things', filter: {} }, 'listIndexes.filter'],
    [{ find: 'things', readConcern: { lvel: 'local' } }, 'readConcern.lvel'],
    [{ insert: 'things', documents: [{ a: 1 }], writeConcern: { W: 1 } }, 'writeConcern.W'],
  ])('%j', async (command, field) => {
    await using own = await TestDatabase.start();
    await own.db.collection('things').insertMany([
      { _id: 1 as never, a: 1 },
      { _id: 2 as never, a: 2 },
    ]);
    const error = await refusal(own.db.command(command));
    expect(error).toMatchObject({ code: 40415, message: `BSON field '${field}' is an unknown field.` });
    expect(await own.db.collection('things').find().sort({ _id: 1 }).toArray()).toEqual([
      { _id: 1, a: 1 },
      { _id: 2, a: 2 },
    ]);
    expect(await own.db.listCollections().toArray()).toHaveLength(1);
  });

  test.each<[Document, string]>([
    [{ update: 'things', updates: [{ u: SET }] }, 'update.updates.q'],
    [{ update: 'things', updates: [{ q: {} }] }, 'update.updates.u'],
    [{ delete: 'things', deletes: [{ limit: 0 }] }, 'delete.deletes.q'],
  ])('and so is a statement without what it needs: %j', async (command, field) => {
    const message = `BSON field '${field}' is missing but a required field`;
    expect(await refusal(database.db.command(command))).toMatchObject({ code: 40414, message });
  });
});

describe('a concern', () => {
  test.each<[Document, number, string]>([
    [{ level: 'snapshot' }, 123, 'replica set'],
    [{ level: 'linearizable' }, 123, 'replica set'],
    [{ level: 'lokal' }, 2, "'lokal'"],
    [{ level: 1 }, 14, 'readConcern.level'],
    [{ afterClusterTime: new Timestamp({ t: 1, i: 1 }) }, 123, 'replica set'],
  ])('readConcern %j is refused with code %i', async (readConcern, code, words) => {
    const error = await refusal(database.db.command({ find: 'things', readConcern }));
    expect(error).toMatchObject({ code, message: expect.stringContaining(words) });
  });

  test.each<[Document, number, string]>([
    [{ w: 2 }, 2, "cannot use 'w' > 1 when a host is not replicated"],
    [{ w: 51 }, 9, 'not greater than 50'],
    [{ w: -1 }, 9, 'non-negative'],
    [{ w: 'eastern' }, 2, 'cannot use non-majority'],
    [{ w: { dc: 1 } }, 2, 'cannot use non-majority'],
    [{ w: true }, 14, 'writeConcern.w'],
    [{ j: 'yes' }, 14, 'writeConcern.j'],
  ])('writeConcern %j is refused with code %i, and nothing is written', async (writeConcern, code, words) => {
    const things = database.collection();
    const insert = { insert: things.collectionName, documents: [{ a: 1 }], writeConcern };
    const error = await refusal(database.db.command(insert));
    expect(error).toMatchObject({ code, message: expect.stringContaining(words) });
    expect(await things.countDocuments()).toBe(0);
  });

  test.each([{ w: 1 }, { w: 'majority' }, { w: 1, j: true, wtimeout: 100 }, { j: false }, {}])(
    'writeConcern %j is met',
    async (writeConcern) => {
      const things = database.collection();
      const insert = { insert: things.collectionName, documents: [{ a: 1 }], writeConcern };
      expect(await database.db.command(insert)).toMatchObject({ ok: 1, n: 1 });
    },
  );

  test.each(['local', 'available', 'majority'])('readConcern %s is met', async (level) => {
    const reply = await database.db.command({ find: 'things', readConcern: { level } });
    expect(reply).toMatchObject({ ok: 1 });
  });
});

describe('the Stable API', () => {
  test.each<[Document, number]>([
    [{ ping: 1, apiVersion: '2' }, 322],
    [{ ping: 1, apiStrict: true }, 4886600],
    [{ ping: 1, apiDeprecationErrors: true }, 4886600],
    [{ distinct: 'things', key: 'a', apiVersion: '1', apiStrict: true }, 323],
    [{ buildInfo: 1, apiVersion: '1', apiStrict: true }, 323],
  ])('%j is refused with code %i', async (command, code) => {
    expect(await refusal(database.db.command(command))).toMatchObject({ code });
  });

  test('may be asked for by the driver', async () => {
    await using client = connect(database.uri, {
      serverApi: { version: '1', strict: true, deprecationErrors: true },
    });
    const things = client.db('test').collection('stable');
    await things.insertOne({ a: 1 });
    expect(await things.countDocuments({ a: 1 })).toBe(1);
    expect(await refusal(things.distinct('a'))).toMatchObject({ code: 323 });
  });
});

test('the fields that drivers send with any command are accepted', async () => {
  const things = database.collection();
  await database.client.withSession(async (session) => {
    const options = { session, comment: 'why', maxTimeMS: 5_000 };
    await things.insertOne({ a: 1 }, options);
    await things.updateOne({ a: 1 }, { $set: { b: 1 } }, { ...options, hint: { _id: 1 } });
    await things.findOneAndUpdate({ a: 1 }, { $set: { c: 1 } }, options);
    expect(await things.find({}, { ...options, readPreference: 'primaryPreferred' }).toArray()).toHaveLength(
      1,
    );
    expect(await things.distinct('a', {}, options)).toEqual([1]);
    expect(await things.estimatedDocumentCount(options)).toBe(1);
    expect(await things.aggregate([{ $count: 'n' }], options).toArray()).toEqual([{ n: 1 }]);
    await things.createIndex({ a: 1 }, options);
    expect(await things.listIndexes(options).toArray()).toHaveLength(2);
    await things.deleteOne({ a: 1 }, options);
  });
});

test('documents may have names with $ at their top, since MongoDB 5.0', async () => {
  const things = database.collection();
  const document = { _id: 1 as never, $price: 5, a: { $b: 1 } };
  await things.insertOne(document);
  expect(await things.findOne({ _id: 1 as never })).toEqual(document);
  await things.updateOne({ _id: 1 as never }, { $set: { c: 1 } });
  expect(await things.findOne({ _id: 1 as never })).toEqual({ ...document, c: 1 });
});
