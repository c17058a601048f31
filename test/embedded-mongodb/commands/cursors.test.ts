import { once } from 'node:events';
import { connect as connectSocket } from 'node:net';
import { Long } from 'mongodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { refusal, TestDatabase } from '../support/test-database.ts';
import { socketPath, WireClient } from '../support/wire-client.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await TestDatabase.start();
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

describe('a cursor', () => {
  test.each([1, 2, 7, 101, 1000])('returns every document once in batches of %i', async (batchSize) => {
    const things = database.collection();
    await things.insertMany(Array.from({ length: 350 }, (_, n) => ({ n })));
    const found = await things.find({}, { batchSize }).sort({ _id: 1 }).toArray();
    expect(found.map(({ n }) => n)).toEqual(Array.from({ length: 350 }, (_, n) => n));
  });

  test('keeps each batch below 16 MiB', async () => {
    const things = database.collection();
    await things.createIndex({ n: 1 });
    const text = 'x'.repeat(6_000_000);
    for (let n = 0; n < 5; n += 1) await things.insertOne({ n, text });
    const found = await things
      .find()
      .sort({ n: 1 })
      .map(({ n }) => n)
      .toArray();
    expect(found).toEqual([0, 1, 2, 3, 4]);
  });

  test('continues while others write, and returns no document twice', async () => {
    const things = database.collection();
    await things.createIndex({ n: 1 });
    await things.insertMany(Array.from({ length: 200 }, (_, n) => ({ n, even: n % 2 === 0 })));
    const seen: number[] = [];
    for await (const { n } of things.find({}, { batchSize: 10 }).sort({ n: 1 })) {
      seen.push(n);
      if (n % 20 === 0) await things.deleteMany({ n: { $gt: n + 10, $lte: n + 12 } });
    }
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(new Set(seen).size).toBe(seen.length);
  });

  test('ends with an error if its collection is dropped', async () => {
    const things = database.collection();
    await things.insertMany(Array.from({ length: 1000 }, (_, n) => ({ n })));
    const cursor = things.find({}, { batchSize: 2 });
    await cursor.next();
    await things.drop();
    expect(await refusal(cursor.toArray())).toMatchObject({ code: 175 });
  });

  test('is not found after it was closed', async () => {
    const things = database.collection();
    await things.insertMany(Array.from({ length: 10 }, (_, n) => ({ n })));
    const { cursor } = await database.db.command({ find: things.collectionName, batchSize: 2 });
    const { cursorsKilled } = await database.db.command({
      killCursors: things.collectionName,
      cursors: [cursor.id],
    });
    expect(cursorsKilled).toHaveLength(1);
    const getMore = { getMore: Long.fromValue(cursor.id), collection: things.collectionName };
    expect(await refusal(database.db.command(getMore))).toMatchObject({ code: 43 });
  });

  test('does not stay open if the first batch reaches the limit', async () => {
    const things = database.collection();
    await things.insertMany(Array.from({ length: 10 }, (_, n) => ({ n })));
    const { cursor } = await database.db.command({ find: things.collectionName, batchSize: 3, limit: 3 });
    expect(Number(cursor.id)).toBe(0);
    expect(cursor.firstBatch).toHaveLength(3);
  });

  test('cannot be read through another collection', async () => {
    const things = database.collection();
    await things.insertMany(Array.from({ length: 10 }, (_, n) => ({ n })));
    const { cursor } = await database.db.command({ find: things.collectionName, batchSize: 2 });
    const getMore = { getMore: Long.fromValue(cursor.id), collection: 'other' };
    expect(await refusal(database.db.command(getMore))).toMatchObject({ code: 13 });
    await database.db.command({ killCursors: things.collectionName, cursors: [cursor.id] });
  });

  test('is closed with the connection that opened it', async () => {
    const things = database.collection();
    await things.insertMany(Array.from({ length: 10 }, (_, n) => ({ n })));
    const open = async () =>
      (await database.db.command({ serverStatus: 1 }))['metrics'].cursor.open.total as number;
    const before = await open();
    const socket = connectSocket(socketPath(database.uri));
    const client = new WireClient(socket);
    await client.command({ find: things.collectionName, batchSize: 2, $db: 'test' });
    expect(await open()).toBe(before + 1);
    socket.destroy();
    await once(socket, 'close');
    // The server notices the end a little later.
    await expect.poll(open).toBe(before);
  });

  test('is refused if 1,000 cursors are open', async () => {
    const things = database.collection();
    await things.insertMany([{ n: 1 }, { n: 2 }, { n: 3 }]);
    using resources = new DisposableStack();
    const socket = resources.adopt(connectSocket(socketPath(database.uri)), (open) => open.destroy());
    const client = new WireClient(socket);
    const find = { find: things.collectionName, batchSize: 1, $db: 'test' };
    const replies = [];
    for (let n = 0; n <= 1000; n += 1) replies.push(await client.command(find));
    expect(replies[0]).toMatchObject({ ok: 1 });
    expect(replies.at(-1)).toMatchObject({ ok: 0, code: 96 });
  });

  test('over a sort in memory may use 100 MiB at most, and a limit saves memory', async () => {
    const things = database.collection();
    const text = 'x'.repeat(15_000_000);
    for (let n = 0; n < 8; n += 1) await things.insertOne({ n, text });
    expect(await refusal(things.find().sort({ n: -1 }).toArray())).toMatchObject({ code: 292 });
    expect(
      await things
        .find({}, { projection: { n: 1, _id: 0 } })
        .sort({ n: -1 })
        .limit(1)
        .toArray(),
    ).toEqual([{ n: 7 }]);
  });
});

describe('a long scan', () => {
  test('does not delay other commands, and ends at maxTimeMS', async () => {
    const things = database.collection();
    const other = database.collection();
    await other.insertOne({ n: 1 });
    await things.insertMany(Array.from({ length: 20_000 }, (_, n) => ({ n, text: 'some text to look at' })));
    let scanning = true;
    const scan = things.countDocuments({ text: { $regex: 'nothing' } }).finally(() => {
      scanning = false;
    });
    let answered = 0;
    while (scanning) {
      await other.findOne({});
      answered += 1;
    }
    expect(await scan).toBe(0);
    expect(answered).toBeGreaterThan(3);
    const limited = things.find({ text: { $regex: 'nothing' } }, { maxTimeMS: 1 }).toArray();
    expect(await refusal(limited)).toMatchObject({ code: 50 });
  });
});
