import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { TestDatabase } from '../support/test-database.ts';
import { frame, int32, message, query, socketPath, WireClient } from '../support/wire-client.ts';

let database: TestDatabase;
let socket: Socket;
let client: WireClient;

beforeAll(async () => {
  database = await TestDatabase.start();
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});
beforeEach(async () => {
  socket = connect(socketPath(database.uri));
  await once(socket, 'connect');
  client = new WireClient(socket);
});
afterEach(() => {
  socket.destroy();
});

describe('the wire protocol', () => {
  test('answers the first hello, sent as OP_QUERY, as a standalone server', async () => {
    client.send(query('admin.$cmd', { ismaster: 1, helloOk: true, client: {}, compression: ['zlib'] }));
    const { opCode, document } = await client.reply();
    expect(opCode).toBe(1);
    expect(document).toMatchObject({
      ok: 1,
      ismaster: true,
      helloOk: true,
      maxWireVersion: 21,
      logicalSessionTimeoutMinutes: 30,
    });
    for (const absent of ['topologyVersion', 'compression', 'setName', 'hosts', 'msg']) {
      expect(document).not.toHaveProperty(absent);
    }
  });

  test('answers a request that is split at any byte', async () => {
    const bytes = message({ ping: 1, $db: 'test' }, { requestId: 7 });
    for (let cut = 1; cut < bytes.length; cut += 1) {
      client.send(bytes.subarray(0, cut));
      // Lets the first part leave in a write of its own.
      await new Promise((resolve) => setImmediate(resolve));
      client.send(bytes.subarray(cut));
      expect(await client.reply()).toMatchObject({ responseTo: 7, document: { ok: 1 } });
    }
  });

  test('answers a request that arrives byte by byte', async () => {
    for (const byte of message({ ping: 1, $db: 'test' })) {
      client.send(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await client.reply()).document).toEqual({ ok: 1 });
  });

  test('answers requests that arrive in one piece, in their order', async () => {
    const count = 300;
    const joined = Array.from({ length: count }, (_, n) =>
      message({ ping: 1, $db: 'test' }, { requestId: n }),
    );
    client.send(Buffer.concat(joined));
    for (let n = 0; n < count; n += 1) expect((await client.reply()).responseTo).toBe(n);
  });

  test('accepts documents in sections of kind 1', async () => {
    const name = database.collection().collectionName;
    const documents = [{ _id: 1 }, { _id: 2 }];
    expect(await client.command({ insert: name, $db: 'test' }, { sequences: { documents } })).toEqual({
      n: 2,
      ok: 1,
    });
    const updates = [{ q: {}, u: { $set: { a: 1 } }, multi: true }];
    expect(await client.command({ update: name, $db: 'test' }, { sequences: { updates } })).toMatchObject({
      nModified: 2,
    });
    const deletes = [{ q: { _id: 1 }, limit: 1 }];
    expect(await client.command({ delete: name, $db: 'test' }, { sequences: { deletes } })).toMatchObject({
      n: 1,
    });
  });

  test('accepts a checksum, and does not reply to a request with moreToCome', async () => {
    const name = database.collection().collectionName;
    const MORE_TO_COME = 2;
    client.send(message({ insert: name, documents: [{ _id: 1 }], $db: 'test' }, { flags: MORE_TO_COME }));
    const found = await client.command({ find: name, $db: 'test' }, { checksum: true });
    expect(found['cursor'].firstBatch).toEqual([{ _id: 1 }]);
  });

  test('stores documents byte for byte, with fields in their order', async () => {
    const name = database.collection().collectionName;
    const ordered = new Map<string, unknown>([
      ['_id', 1],
      ['b', 1],
      ['2', 1],
      ['1', 1],
    ]);
    await client.command({ insert: name, documents: [ordered], $db: 'test' });
    const bytes = Buffer.from('\x10b\0\x01\0\0\0\x102\0\x01\0\0\0\x101\0\x01\0\0\0', 'latin1');
    const raw = await database.db.collection(name).findOne({}, { raw: true });
    expect(Buffer.from(raw as unknown as Uint8Array).includes(bytes)).toBe(true);
  });

  test.each<[string, Uint8Array]>([
    ['a length below a header', Buffer.concat([int32(15), Buffer.alloc(12)])],
    ['a negative length', Buffer.concat([int32(-1), Buffer.alloc(12)])],
    ['a length above 48 MB', Buffer.concat([int32(48_000_001), Buffer.alloc(12)])],
    ['an unknown operation', frame(9999, 1, [Buffer.alloc(10)])],
    ['compression', frame(2012, 1, [Buffer.alloc(20)])],
    ['no body', frame(2013, 1, [int32(0)])],
    ['an unknown required flag', message({ ping: 1, $db: 'test' }, { flags: 4 })],
    ['a body that is not BSON', frame(2013, 1, [int32(0), Buffer.of(0), int32(20), Buffer.alloc(16, 0xff)])],
    [
      'a section longer than the message',
      frame(2013, 1, [int32(0), Buffer.of(0), int32(1000), Buffer.alloc(16)]),
    ],
    ['a section of an unknown kind', frame(2013, 1, [int32(0), Buffer.of(2), int32(5), Buffer.alloc(1)])],
    ['a query that is not a command', query('test.things', {})],
  ])('closes only the connection that sends %s', async (_what, bytes) => {
    const other = connect(socketPath(database.uri));
    try {
      const bystander = new WireClient(other);
      client.send(bytes);
      await once(socket, 'close');
      expect(await bystander.command({ ping: 1, $db: 'test' })).toEqual({ ok: 1 });
    } finally {
      other.destroy();
    }
  });

  test('refuses a document that is not BSON, and keeps the connection', async () => {
    const name = database.collection().collectionName;
    const broken = Buffer.concat([int32(12), Buffer.of(0x02), Buffer.from('a\0'), int32(9), Buffer.of(0)]);
    const content = Buffer.concat([Buffer.from('documents\0'), broken]);
    const plain = message({ insert: name, $db: 'test' });
    const sections = Buffer.concat([plain.subarray(16), Buffer.of(1), int32(content.length + 4), content]);
    client.send(frame(2013, 1, [sections]));
    expect((await client.reply()).document).toMatchObject({ writeErrors: [{ index: 0, code: 22 }] });
    expect(await client.command({ ping: 1, $db: 'test' })).toEqual({ ok: 1 });
  });

  test('delivers every reply to a client that was slow to take them', async () => {
    const name = database.collection().collectionName;
    await database.db.collection(name).insertOne({ text: 'x'.repeat(2_000_000) });
    socket.pause();
    for (let n = 0; n < 100; n += 1) client.send(message({ find: name, $db: 'test' }));
    const status = await database.db.command({ ping: 1 });
    expect(status).toEqual({ ok: 1 });
    socket.resume();
    for (let n = 0; n < 100; n += 1) expect((await client.reply()).document['ok']).toBe(1);
  });
});
