/** A write of many documents gives way to other commands. It changes the documents as they are afterwards. */
import { expect, test } from 'vitest';
import { decode, encode } from '../../../src/embedded-mongodb/bson/codec.ts';
import { type BsonDocument, Int32, toNumber } from '../../../src/embedded-mongodb/bson/value.ts';
import type { Server } from '../../../src/embedded-mongodb/commands/command.ts';
import { Cursors } from '../../../src/embedded-mongodb/commands/read/cursors.ts';
import { execute } from '../../../src/embedded-mongodb/commands/registry.ts';
import { Slice } from '../../../src/embedded-mongodb/execution/slice.ts';
import { Catalog } from '../../../src/embedded-mongodb/storage/catalog.ts';
import { SqliteFile } from '../../../src/embedded-mongodb/storage/sqlite-file.ts';
import { endStep } from '../../../src/embedded-mongodb/work.ts';
import { TemporaryDirectory } from '../support/test-database.ts';

const ONE = new Int32(1);

/** A slice looks at the clock at every 16th step. */
test.each([
  { rests: 'while it looks for documents', documents: 40, others: [0, 1, 2] },
  { rests: 'while it changes them', documents: 10, others: [9, 8, 7] },
])('a write that rests $rests sees what others change', async ({ documents, others }) => {
  await using directory = await TemporaryDirectory.create();
  using file = new SqliteFile(directory.path);
  const catalog = new Catalog(file);
  const server: Server = { file, catalog, cursors: new Cursors(), startedAt: 0, connectionCount: () => 0 };
  const things = catalog.create('test', 'things');
  for (let index = 0; index < documents; index += 1) {
    const document = { _id: new Int32(index), a: ONE, n: ONE };
    things.insert(document, encode(document));
  }
  const [hidden, counted, deleted] = others.map((index) => ({ _id: new Int32(index) }));

  const increment = { q: { a: ONE }, u: { $inc: { n: ONE } }, multi: true };
  const many = start(server, { update: 'things', updates: [increment] });
  expect(many.next().done).toBe(false);
  const hide = { q: hidden, u: { $set: { a: new Int32(2) } } };
  const count = { q: counted, u: { $set: { n: new Int32(10) } } };
  finish(start(server, { update: 'things', updates: [hide, count] }));
  finish(start(server, { delete: 'things', deletes: [{ q: deleted, limit: ONE }] }));
  const reply = finish(many);

  expect([reply['n'], reply['nModified']].map(toNumber)).toEqual([documents - 2, documents - 2]);
  const { firstBatch } = finish(start(server, { find: 'things' }))['cursor'] as {
    firstBatch: BsonDocument[];
  };
  const numbers = new Map(firstBatch.map(({ _id, n }) => [toNumber(_id), toNumber(n)]));
  const expected = new Map(Array.from({ length: documents }, (_, index) => [index, 2]));
  expected.set(toNumber(hidden?._id), 1).set(toNumber(counted?._id), 11).delete(toNumber(deleted?._id));
  expect(numbers).toEqual(expected);
});

function start(server: Server, command: BsonDocument): Generator<void, Uint8Array> {
  const slice = new Slice();
  // It is spent before it begins, so the command rests as soon as it looks.
  slice.begin(-1);
  const request = {
    requestId: 1,
    legacy: false,
    expectsReply: true,
    database: 'test',
    command,
    sequences: new Map(),
  };
  const result = execute(server, 1, request, slice);
  if (result instanceof Uint8Array) throw new Error('the command has no steps');
  return result;
}

function finish(steps: Generator<void, Uint8Array>): BsonDocument {
  for (;;) {
    const step = steps.next();
    if (step.done !== true) continue;
    // Other tests run in this process too.
    endStep();
    return decode(step.value);
  }
}
