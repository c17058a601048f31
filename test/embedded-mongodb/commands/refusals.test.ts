import { Decimal128, type Document, Double, Int32, Long, MaxKey, MongoServerError, Timestamp } from 'mongodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { refusal, TestDatabase } from '../support/test-database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await TestDatabase.start();
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

describe('a filter', () => {
  test.each<[Document, number]>([
    [{ a: { $foo: 1 } }, 2],
    [{ $foo: 1 }, 2],
    [{ $where: 'true' }, 2],
    [{ $expr: { $eq: ['$a', 1] } }, 2],
    [{ $text: { $search: 'x' } }, 2],
    [{ a: { $near: [0, 0] } }, 2],
    [{ a: { $in: 1 } }, 2],
    [{ $and: [] }, 2],
    [{ $or: {} }, 2],
    [{ a: { $type: 'nonsense' } }, 2],
    [{ a: { $size: -1 } }, 9],
    [{ a: { $mod: [0, 0] } }, 2],
    [{ a: { $not: 1 } }, 2],
    [{ a: { $regex: /a/i, $options: 's' } }, 51075],
  ])('%j is refused with code %i', async (filter, code) => {
    const things = database.collection();
    expect(await refusal(things.find(filter).toArray())).toMatchObject({ code });
  });
});

describe('an update', () => {
  test.each<[string, Document, number]>([
    ['an unknown operator', { $foo: { a: 1 } }, 9],
    ['operators next to a plain field', { $set: { a: 1 }, b: 1 }, 9],
    ['an operand that is not a document', { $set: 1 }, 9],
    ['one path twice', { $set: { a: 1 }, $inc: { a: 1 } }, 40],
    ['a path and one inside it', { $set: { a: 1, 'a.b': 1 } }, 40],
    ['a rename onto a path that is set', { $rename: { n: 'm' }, $set: { m: 1 } }, 40],
    ['another _id', { $set: { _id: 2 } }, 66],
    ['the removal of _id', { $unset: { _id: 1 } }, 66],
    ['an increment by a string', { $inc: { n: 'x' } }, 14],
    ['an increment of a string', { $inc: { text: 1 } }, 14],
    ['an increment of a timestamp', { $inc: { stamp: 1 } }, 14],
    ['a long that overflows', { $inc: { long: Long.fromInt(1) } }, 2],
    ['a path through a scalar', { $set: { 'n.x': 1 } }, 28],
    ['a name in an array', { $set: { 'list.x': 1 } }, 28],
    ['an empty field name', { $set: { 'a..b': 1 } }, 56],
    ['a field name with $', { $set: { 'a.$b': 1 } }, 52],
    ['a positional operator', { $set: { 'list.$': 1 } }, 2],
    ['a push onto a number', { $push: { n: 1 } }, 2],
    ['a $pop by 2', { $pop: { list: 2 } }, 9],
  ])('with %s is refused and changes nothing', async (_what, update, code) => {
    const things = database.collection();
    const before = {
      _id: 1 as never,
      n: 1,
      text: 'x',
      long: Long.MAX_VALUE,
      list: [1],
      stamp: new Timestamp({ t: 1, i: 2 }),
    };
    await things.insertOne(before);
    expect(
      await refusal(
        database.db
          .command({ update: things.collectionName, updates: [{ q: {}, u: update }] })
          .then(throwWriteErrors),
      ),
    ).toMatchObject({ code });
    expect(await things.findOne({}, { promoteLongs: false })).toEqual(before);
  });

  test('by a pipeline is refused', async () => {
    const things = database.collection();
    expect(await refusal(things.updateOne({}, [{ $set: { a: 1 } }]))).toMatchObject({ code: 115 });
    const filtered = things.updateOne({}, { $set: { 'a.$[x]': 1 } }, { arrayFilters: [{ x: 1 }] });
    expect(await refusal(filtered)).toMatchObject({ code: 115 });
  });
});

describe('a command', () => {
  test.each<[Document, number]>([
    [{ nonsense: 1 }, 59],
    [{ toString: 1 }, 59],
    [{ mapReduce: 'things', map: 'x', reduce: 'y' }, 115],
    [{ saslStart: 1, mechanism: 'PLAIN' }, 115],
    [{ commitTransaction: 1 }, 20],
    [{ find: 'things', txnNumber: Long.fromInt(1) }, 20],
    [{ find: 'things', startTransaction: true, autocommit: false, txnNumber: Long.fromInt(1) }, 20],
    [{ find: 'things', collation: { locale: 'de' } }, 115],
    [{ find: 'things', tailable: true }, 115],
    [{ find: 1 }, 73],
    [{ find: 'a$b' }, 73],
    [{ find: 'things', filter: 1 }, 14],
    [{ find: 'things', skip: -1 }, 2],
    [{ find: 'things', sort: { a: 2 } }, 2],
    [{ find: 'things', projection: { a: 1, b: 0 } }, 2],
    [{ aggregate: 'things', pipeline: [] }, 9],
    [{ aggregate: 1, pipeline: [], cursor: {} }, 115],
    [{ aggregate: 'things', pipeline: [], cursor: {}, let: { a: 1 } }, 115],
    [{ createIndexes: 'things', indexes: [{ key: { a: 'text' }, name: 'x' }] }, 67],
    [{ createIndexes: 'things', indexes: [{ key: { a: '2dsphere' }, name: 'x' }] }, 67],
    [{ createIndexes: 'things', indexes: [{ key: { a: 1 }, name: 'x', collation: { locale: 'de' } }] }, 72],
    [{ create: 'x', capped: true, size: 1000 }, 72],
    [{ create: 'x', expireAfterSeconds: 10 }, 72],
    [{ createIndexes: 'things', indexes: [{ key: { a: 1 }, name: 'x', bits: 1 }] }, 72],
    [{ createIndexes: 'things', indexes: [{ key: { a: 1 }, name: 'x', uniqe: true }] }, 197],
    [{ createIndexes: 'things', indexes: [{ key: { a: 1 }, name: 'x' }], commitQuorum: 1 }, 2],
    [{ dbStats: 1, scale: 1024 }, 115],
    [{ update: 'things', updates: [{ q: {}, u: { $set: { a: 1 } }, c: {} }] }, 115],
    [{ update: 'things', updates: [{ q: {}, u: { $set: { a: 1 } } }], let: {} }, 115],
    [{ listIndexes: 'none' }, 26],
    [{ getMore: Long.fromInt(5), collection: 'things' }, 43],
    [{ insert: 'things', documents: [] }, 2],
    [{ insert: 'things' }, 40414],
    [{ delete: 'things', deletes: [{ q: {}, limit: 2 }] }, 9],
    [{ delete: 'things', deletes: [{ q: {} }] }, 40414],
    [{ delete: 'things', deletes: [{ q: {}, limit: null }] }, 40414],
    [{ find: 'things', let: { a: 1 } }, 115],
  ])('%j is refused with code %i and a message', async (command, code) => {
    const error = await refusal(database.db.command(command).then(throwWriteErrors));
    expect(error).toMatchObject({ code });
    expect(error.message.length).toBeGreaterThan(10);
  });

  test('deletes nothing if one of its statements has no limit', async () => {
    const things = database.collection();
    await things.insertMany([{ a: 1 }, { a: 2 }]);
    const deletes = [{ q: { a: 1 }, limit: 1 }, { q: { a: 2 } }];
    await refusal(database.db.command({ delete: things.collectionName, deletes }));
    expect(await things.countDocuments()).toBe(2);
  });

  test('may have a session, a read concern and a write concern', async () => {
    const things = database.collection();
    await database.client.withSession(async (session) => {
      await things.insertOne({ a: 1 }, { session, writeConcern: { w: 'majority', journal: true } });
      expect(await things.find({}, { session, readConcern: 'majority' }).toArray()).toHaveLength(1);
    });
  });

  test('in a transaction is refused', async () => {
    const things = database.collection();
    const transaction = database.client.withSession((session) =>
      session.withTransaction(() => things.insertOne({ a: 1 }, { session })),
    );
    // The driver wraps the error in one of its own.
    await expect(transaction).rejects.toMatchObject({
      originalError: {
        code: 20,
        errorResponse: { errmsg: expect.stringContaining('transactions are not supported') },
      },
    });
    expect(await things.countDocuments()).toBe(0);
  });
});

describe('an aggregation', () => {
  test.each<[Document, number]>([
    [{ $lookup: {} }, 115],
    [{ $out: 'x' }, 115],
    [{ $merge: 'x' }, 115],
    [{ $changeStream: {} }, 115],
    [{ $project: { a: { b: 1 } } }, 115],
    [{ $addFields: { a: { y: 2 } } }, 115],
    [{ $set: { a: 1 } }, 115],
    [{ $unset: 'a' }, 115],
    [{ $unwind: '$a' }, 115],
    [{ $nonsense: {} }, 40324],
    [{ $match: {}, $limit: 1 }, 40324],
    [{ $match: null }, 14],
    [{ $match: { $expr: { $eq: ['$missing', null] } } }, 2],
    [{ $sort: {} }, 2],
    [{ $sort: null }, 14],
    [{ $skip: -1 }, 2],
    [{ $limit: 0 }, 2],
    [{ $limit: 'x' }, 2],
    [{ $count: '$x' }, 2],
    [{ $group: {} }, 9],
    [{ $group: { _id: null, x: { $function: {} } } }, 168],
    [{ $group: { _id: null, x: { $avg: '$a' } } }, 168],
    [{ $group: { _id: null, x: { $push: '$a' } } }, 168],
    [{ $group: { _id: null, x: { $sum: { $add: [1, 2] } } } }, 168],
    [{ $group: { _id: null, x: { $sum: ['$a', '$b'] } } }, 168],
    [{ $group: { _id: { $eq: ['$missing', null] } } }, 168],
    [{ $group: { _id: '$$ROOT' } }, 168],
    [{ $group: { _id: '$a..b' } }, 9],
    [{ $group: { _id: { 'a.b': '$a' } } }, 9],
    [{ $group: { _id: null, 'a.b': { $sum: 1 } } }, 2],
    [{ $group: { _id: null, x: 1 } }, 2],
    [{ $group: { _id: null, x: { $count: 1 } } }, 14],
  ])('with the stage %j is refused with code %i, wherever the stage is', async (stage, code) => {
    const things = database.collection();
    for (const pipeline of [[stage], [{ $limit: 1 }, stage]]) {
      const error = await refusal(things.aggregate(pipeline).toArray());
      expect(error).toMatchObject({ code });
      expect(error.message.length).toBeGreaterThan(10);
    }
  });
});

describe('a document', () => {
  test.each<[string, Document, number]>([
    ['a name with $ in its _id', { _id: { $a: 1 } }, 52],
    ['an array as its _id', { _id: [1] }, 53],
    ['a regular expression as its _id', { _id: /x/ }, 53],
  ])('with %s is not stored', async (_what, document, code) => {
    const things = database.collection();
    expect(await refusal(things.insertOne(document as never))).toMatchObject({ code });
  });

  test('with two arrays in one compound index is not stored', async () => {
    const things = database.collection();
    await things.createIndex({ a: 1, b: 1 });
    expect(await refusal(things.insertOne({ a: [1], b: [1] }))).toMatchObject({ code: 171 });
  });

  test('nested too deeply is not stored', async () => {
    const things = database.collection();
    let document: Document = { a: 1 };
    for (let depth = 0; depth < 250; depth += 1) document = { a: document };
    expect(await refusal(things.insertOne(document))).toMatchObject({ code: 15 });
  });

  test('larger than 16 MiB is not stored by an update', async () => {
    const things = database.collection();
    await things.insertOne({ text: 'x'.repeat(10_000_000) });
    const update = things.updateOne({}, { $set: { more: 'x'.repeat(7_000_000) } });
    expect(await refusal(update)).toMatchObject({ code: 10334 });
  });
});

test('$inc and $mul give the wider type of the two numbers, as in MongoDB', async () => {
  const things = database.collection();
  const cases: [unknown, Document, string][] = [
    [new Int32(1), { $inc: { n: new Int32(2) } }, 'Int32 3'],
    [new Int32(2 ** 31 - 1), { $inc: { n: new Int32(1) } }, 'Long 2147483648'],
    [new Int32(1), { $inc: { n: Long.fromInt(1) } }, 'Long 2'],
    [Long.fromInt(1), { $inc: { n: new Double(0.5) } }, 'Double 1.5'],
    [new Double(0.1), { $inc: { n: new Double(0.2) } }, 'Double 0.30000000000000004'],
    [Decimal128.fromString('0.1'), { $inc: { n: Decimal128.fromString('0.2') } }, 'Decimal128 0.3'],
    [new Double(0.1), { $inc: { n: Decimal128.fromString('0.2') } }, 'Decimal128 0.300000000000000'],
    [new Int32(2 ** 30), { $mul: { n: new Int32(4) } }, 'Long 4294967296'],
    [Decimal128.fromString('1.5'), { $mul: { n: new Int32(2) } }, 'Decimal128 3.0'],
    [new Int32(3), { $max: { n: new Double(3) } }, 'Int32 3'],
    [new Int32(3), { $min: { n: new Double(2.5) } }, 'Double 2.5'],
    [new Int32(6), { $bit: { n: { and: new Int32(3) } } }, 'Int32 2'],
  ];
  for (const [before, update, after] of cases) {
    await things.replaceOne({}, { n: before }, { upsert: true });
    await things.updateOne({}, update);
    const stored = await things.findOne({}, { promoteValues: false, promoteLongs: false });
    expect(`${stored?.['n']._bsontype} ${stored?.['n']}`, JSON.stringify(update)).toBe(after);
  }
  await things.updateOne({}, { $set: { n: new MaxKey() } });
  expect(await things.findOne({ n: new MaxKey() })).not.toBeNull();
});

/** The driver's `command` returns the errors of single statements as part of the reply. */
function throwWriteErrors(reply: Document): Document {
  const [error] = reply['writeErrors'] ?? [];
  if (error !== undefined) throw new MongoServerError(error);
  return reply;
}
