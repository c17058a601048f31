import { Binary, Decimal128, Double, Int32, Long, MongoBulkWriteError, ObjectId } from 'mongodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { refusal, TestDatabase } from '../support/test-database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await TestDatabase.start();
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

describe('documents', () => {
  test('are inserted, found, updated and deleted through the official driver', async () => {
    const things = database.collection();
    const { insertedId } = await things.insertOne({ name: 'a', size: 1 });
    expect(await things.findOne({ _id: insertedId })).toEqual({ _id: insertedId, name: 'a', size: 1 });
    const updated = await things.updateOne({ name: 'a' }, { $set: { size: 2 } });
    expect(updated).toMatchObject({ matchedCount: 1, modifiedCount: 1, upsertedCount: 0 });
    expect(await things.findOne({ size: 2 }, { projection: { _id: 0, size: 1 } })).toEqual({ size: 2 });
    expect(await things.deleteOne({ _id: insertedId })).toMatchObject({ deletedCount: 1 });
    expect(await things.countDocuments()).toBe(0);
  });

  test('keep the types of their values when other fields are updated', async () => {
    const things = database.collection();
    const values = {
      int: new Int32(1),
      double: new Double(1),
      long: Long.fromBigInt(2n ** 60n + 1n),
      decimal: Decimal128.fromString('1.10'),
      binary: new Binary(Buffer.from('bytes'), 5),
      date: new Date(0),
      id: new ObjectId(),
      nothing: null,
      list: [new Double(2), { deep: Long.fromInt(3) }],
    };
    await things.insertOne({ _id: 1 as never, ...values });
    await things.updateOne({ _id: 1 as never }, { $set: { other: 'x', 'list.1.more': true } });
    const stored = await things.findOne({ _id: 1 as never }, { promoteValues: false, promoteLongs: false });
    expect(stored).toMatchObject({ ...values, list: [new Double(2), { deep: Long.fromInt(3), more: true }] });
    expect(stored?.['decimal'].toString()).toBe('1.10');
  });

  test('without an _id get one as their first field', async () => {
    const things = database.collection();
    await database.db.command({ insert: things.collectionName, documents: [{ name: 'a' }] });
    const [stored] = await things.find().toArray();
    expect(Object.keys(stored ?? {})).toEqual(['_id', 'name']);
    expect(stored?._id).toBeInstanceOf(ObjectId);
  });

  test('of a bulk stop at the first error if ordered, and skip only the wrong ones otherwise', async () => {
    const things = database.collection();
    const documents = [1, 1, 2].map((id) => ({ _id: id as never }));
    const ordered = await things.insertMany(documents).catch((error: unknown) => error);
    expect(ordered).toBeInstanceOf(MongoBulkWriteError);
    expect(await things.countDocuments()).toBe(1);
    const unordered = (await things
      .insertMany(documents, { ordered: false })
      .catch((error: unknown) => error)) as MongoBulkWriteError;
    expect(unordered.insertedCount).toBe(1);
    expect(unordered.writeErrors).toMatchObject([
      { index: 0, code: 11000 },
      { index: 1, code: 11000 },
    ]);
  });

  test('can be written in a bulk with every kind of statement', async () => {
    const things = database.collection();
    const result = await things.bulkWrite([
      { insertOne: { document: { n: 1 } } },
      { updateOne: { filter: { n: 1 }, update: { $inc: { n: 1 } } } },
      { replaceOne: { filter: { n: 9 }, replacement: { n: 10 }, upsert: true } },
      { updateMany: { filter: {}, update: { $set: { seen: true } } } },
      { deleteOne: { filter: { n: 2 } } },
    ]);
    expect(result).toMatchObject({ insertedCount: 1, modifiedCount: 3, upsertedCount: 1, deletedCount: 1 });
    expect(await things.find({}, { projection: { _id: 0 } }).toArray()).toEqual([{ n: 10, seen: true }]);
  });

  test('can be found and changed by one command', async () => {
    const things = database.collection();
    await things.insertMany([{ n: 1 }, { n: 2 }]);
    expect(await things.findOneAndUpdate({}, { $inc: { n: 10 } }, { sort: { n: -1 } })).toMatchObject({
      n: 2,
    });
    expect(
      await things.findOneAndUpdate({ n: 12 }, { $set: { n: 3 } }, { returnDocument: 'after' }),
    ).toMatchObject({ n: 3 });
    expect(await things.findOneAndDelete({ n: 3 }, { projection: { _id: 0 } })).toEqual({ n: 3 });
    expect(
      await things.findOneAndReplace({ n: 99 }, { n: 5 }, { upsert: true, returnDocument: 'after' }),
    ).toMatchObject({ n: 5 });
    expect(await things.findOneAndUpdate({ n: 77 }, { $set: { n: 1 } })).toBeNull();
    expect((await things.distinct('n')).toSorted()).toEqual([1, 5]);
  });

  test('are upserted with the fields that the filter fixes to one value', async () => {
    const things = database.collection();
    const filter = { _id: 'key' as never, 'a.b': 1, c: { $gt: 1 }, $and: [{ d: { $eq: 2 } }] };
    const result = await things.updateOne(
      filter,
      { $setOnInsert: { e: 3 }, $inc: { n: 1 } },
      { upsert: true },
    );
    expect(result).toMatchObject({ matchedCount: 0, upsertedCount: 1, upsertedId: 'key' });
    expect(await things.findOne()).toEqual({ _id: 'key', a: { b: 1 }, d: 2, e: 3, n: 1 });
    await things.updateOne(
      { _id: 'key' as never },
      { $setOnInsert: { e: 4 }, $inc: { n: 1 } },
      { upsert: true },
    );
    expect(await things.findOne()).toEqual({ _id: 'key', a: { b: 1 }, d: 2, e: 3, n: 2 });
  });

  test('may have fields with names of JavaScript properties', async () => {
    const things = database.collection();
    const names = ['constructor', 'toString', 'hasOwnProperty', 'length'];
    for (const name of names) expect(await things.findOne({ [name]: { $exists: true } })).toBeNull();
    await things.insertOne(Object.fromEntries([['__proto__', { polluted: true }]]));
    await things.updateOne({ '__proto__.polluted': true }, { $set: { 'constructor.prototype.polluted': 1 } });
    expect(await things.findOne({ 'constructor.prototype.polluted': 1 })).not.toBeNull();
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe('a unique index', () => {
  test('refuses a second document with the same key, and names the key', async () => {
    const things = database.collection();
    await things.createIndex({ email: 1 }, { unique: true });
    await things.insertOne({ email: 'a@example.org' });
    const error = await refusal(things.insertOne({ email: 'a@example.org' }));
    expect(error).toMatchObject({
      code: 11000,
      keyPattern: { email: 1 },
      keyValue: { email: 'a@example.org' },
    });
    expect(error.message).toContain('E11000 duplicate key error');
    expect(await things.countDocuments()).toBe(1);
  });

  test('refuses an update to an existing key, which then changes nothing', async () => {
    const things = database.collection();
    await things.createIndex({ a: 1, b: -1 }, { unique: true });
    await things.insertMany([
      { a: 1, b: 1 },
      { a: 1, b: 2, c: 'kept' },
    ]);
    expect(await refusal(things.updateOne({ b: 2 }, { $set: { b: 1, c: 'lost' } }))).toMatchObject({
      code: 11000,
    });
    expect(await things.findOne({ a: 1, b: 2 })).toMatchObject({ c: 'kept' });
    expect(await things.findOne({ c: 'lost' })).toBeNull();
  });

  test('treats equal numbers of different types as one key, and a missing field as null', async () => {
    const things = database.collection();
    await things.createIndex({ n: 1 }, { unique: true });
    await things.insertMany([{ n: new Int32(1) }, {}]);
    for (const n of [new Double(1), Long.fromInt(1), Decimal128.fromString('1.00'), null]) {
      expect(await refusal(things.insertOne({ n }))).toMatchObject({ code: 11000 });
    }
  });

  test('is not created if existing documents have equal keys', async () => {
    const things = database.collection();
    await things.insertMany([{ n: 1 }, { n: 1 }]);
    expect(await refusal(things.createIndex({ n: 1 }, { unique: true }))).toMatchObject({ code: 11000 });
    expect((await things.indexes()).map((index) => index.name)).toEqual(['_id_']);
  });

  test('ignores the documents that a sparse or partial index leaves out', async () => {
    const things = database.collection();
    await things.createIndex({ key: 1 }, { unique: true, sparse: true });
    await things.createIndex({ name: 1 }, { unique: true, partialFilterExpression: { active: true } });
    await things.insertMany([{ name: 'x' }, { name: 'x' }, { name: 'x', active: true }]);
    expect(await refusal(things.insertOne({ name: 'x', active: true }))).toMatchObject({ code: 11000 });
    await things.insertOne({ key: 1 });
    expect(await refusal(things.insertOne({ key: 1 }))).toMatchObject({ code: 11000 });
    expect(await things.find({ name: 'x' }).toArray()).toHaveLength(3);
    expect(await things.find({ name: 'x', active: true }).toArray()).toHaveLength(1);
  });

  test('accepts one of 50 documents with the same key that are inserted at once', async () => {
    const things = database.collection();
    await things.createIndex({ key: 1 }, { unique: true });
    const attempts = await Promise.allSettled(
      Array.from({ length: 50 }, () => things.insertOne({ key: 'same' })),
    );
    expect(attempts.filter((attempt) => attempt.status === 'fulfilled')).toHaveLength(1);
  });
});

describe('collections and indexes', () => {
  test('are listed until they are dropped', async () => {
    const db = database.client.db('catalog');
    const things = db.collection('things');
    await things.createIndex({ a: 1 }, { name: 'by_a' });
    await things.createIndexes([{ key: { b: -1, c: 1 }, sparse: true }]);
    expect((await things.indexes()).map(({ name, key }) => ({ name, key }))).toEqual([
      { name: '_id_', key: { _id: 1 } },
      { name: 'by_a', key: { a: 1 } },
      { name: 'b_-1_c_1', key: { b: -1, c: 1 } },
    ]);
    expect((await db.listCollections().toArray()).map(({ name }) => name)).toEqual(['things']);
    await things.dropIndex('by_a');
    expect(await things.indexExists('by_a')).toBe(false);
    expect(await things.drop()).toBe(true);
    expect(await db.listCollections({}, { nameOnly: true }).toArray()).toEqual([]);
    await db.createCollection('other');
    expect(
      (await database.client.db('admin').admin().listDatabases()).databases.map(({ name }) => name),
    ).toContain('catalog');
    await db.dropDatabase();
    expect(await db.collections()).toEqual([]);
  });

  test('can be declared again with the same options, but not with others', async () => {
    const things = database.collection();
    await things.createIndex({ a: 1 });
    await things.createIndex({ a: 1 });
    expect(await refusal(things.createIndex({ a: 1 }, { unique: true }))).toMatchObject({ code: 85 });
    expect(await refusal(things.createIndex({ b: 1 }, { name: 'a_1' }))).toMatchObject({ code: 86 });
    expect(await refusal(things.dropIndex('_id_'))).toMatchObject({ code: 72 });
    expect(await refusal(things.dropIndex('none'))).toMatchObject({ code: 27 });
  });
});
