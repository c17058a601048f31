/** What is written is what is stored, whatever its type and its name. */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Document } from 'mongodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decode, encode } from '../../../src/embedded-mongodb/bson/codec.ts';
import {
  type BsonDocument,
  Decimal128,
  Double,
  Int32,
  isDocument,
  Long,
  namesOf,
} from '../../../src/embedded-mongodb/bson/value.ts';
import { refusal, TestDatabase } from '../support/test-database.ts';
import { message, socketPath, WireClient } from '../support/wire-client.ts';

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

describe('the order of fields', () => {
  const ordered = (...names: string[]): Map<string, number> => new Map(names.map((name, n) => [name, n]));

  test('is kept by updates, projections and upserts, even of names that are numbers', async () => {
    const things = database.collection();
    const document = new Map<string, unknown>([
      ['b', 1],
      ['10', 2],
      ['_id', 1],
      ['2', ordered('x', '3', '1')],
    ]);
    await things.insertOne(document as never);
    expect(await namesStored()).toEqual(['_id', 'b', '10', '2', ['x', '3', '1']]);
    await things.updateOne({}, { $set: { '2.y': 1, '2.0': 1, '1': 1, '11': 1, '9': 1, a: 1 } });
    expect(await namesStored()).toEqual([
      '_id',
      'b',
      '10',
      '2',
      ['x', '3', '1', '0', 'y'],
      '1',
      '9',
      '11',
      'a',
    ]);
    await things.updateOne({}, { $unset: { '2.3': 1, '1': 1 }, $rename: { '10': '3' } });
    expect(await namesStored()).toEqual(['_id', 'b', '2', ['x', '1', '0', 'y'], '9', '11', 'a', '3']);
    expect(await namesStored({ b: 1, '2.1': 1, '2.x': 1 })).toEqual(['_id', 'b', '2', ['x', '1']]);
    expect(await namesStored({ b: 0, '2.y': 0, a: 0 })).toEqual([
      '_id',
      '2',
      ['x', '1', '0'],
      '9',
      '11',
      '3',
    ]);
    await things.replaceOne({}, ordered('x', '1') as never);
    expect(await namesStored()).toEqual(['_id', 'x', '1']);
    await things.deleteMany({});
    const filter = new Map<string, unknown>([
      ['z', 1],
      ['7', ordered('b', '1')],
    ]);
    await things.updateOne(filter as never, { $set: { n: 1 } }, { upsert: true });
    expect(await namesStored()).toEqual(['_id', 'z', '7', ['b', '1'], 'n']);

    async function namesStored(projection: Document = {}): Promise<unknown[]> {
      const bytes: unknown = await things.findOne({}, { raw: true, projection });
      return namesIn(decode(bytes as Uint8Array));
    }
  });

  test('distinguishes documents in filters, unique indexes and sorts', async () => {
    const things = database.collection();
    await things.createIndex({ v: 1 }, { unique: true });
    await things.insertMany([
      { _id: 1, v: ordered('a', '1') },
      { _id: 2, v: ordered('1', 'a') },
    ] as never);
    expect(await refusal(things.insertOne({ v: ordered('a', '1') }))).toMatchObject({ code: 11000 });
    for (const hint of [{ $natural: 1 }, { v: 1 }] as const) {
      const found = await things
        .find({ v: ordered('a', '1') })
        .hint(hint)
        .toArray();
      expect(found.map(({ _id }) => Number(_id))).toEqual([1]);
    }
    const sorted = await things
      .find()
      .sort(
        new Map([
          ['x', 1],
          ['v', 1],
        ] as const),
      )
      .toArray();
    expect(sorted.map(({ _id }) => Number(_id))).toEqual([2, 1]);
    const others = database.collection();
    await others.insertMany([
      { n: 1, '1': 2 },
      { n: 2, '1': 1 },
    ]);
    const first = await others.findOne(
      {},
      {
        sort: new Map([
          ['n', 1],
          ['1', 1],
        ] as const),
      },
    );
    expect(first).toMatchObject({ n: 1 });
  });

  /** Behind the name of a field come those of its document. */
  function namesIn(document: BsonDocument): unknown[] {
    return namesOf(document).flatMap((name) => {
      const value = document[name];
      return isDocument(value) ? [name, namesIn(value)] : [name];
    });
  }
});

test('a document with the names of the bson package can be updated and returned', async () => {
  const things = database.collection();
  const hostile = { _bsontype: 'ObjectId', toBSON: 'x', id: 1 };
  const bytes = encode({
    insert: things.collectionName,
    documents: [{ _id: 'it', v: hostile }],
    $db: 'test',
  } as never);
  const socket = connect(socketPath(database.uri));
  await once(socket, 'connect');
  const client = new WireClient(socket);
  const command = async (body: BsonDocument): Promise<void> => {
    client.send(message(encode({ ...body, $db: 'test' })));
    expect((await client.reply()).document).toMatchObject({ ok: 1 });
  };
  client.send(message(bytes));
  expect((await client.reply()).document).toMatchObject({ n: 1 });
  await command({
    findAndModify: things.collectionName,
    query: { v: hostile as never },
    update: { $set: { n: 'x' } },
  });
  socket.destroy();
  const stored: unknown = await things.findOne({ n: 'x' }, { raw: true });
  expect(JSON.stringify(decode(stored as Uint8Array))).toBe(
    JSON.stringify({ _id: 'it', v: hostile, n: 'x' }),
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
