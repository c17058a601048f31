/** The command that inserts are sent as, and answers that no database should give. The tests answer. */
import { type Document, MongoClient, MongoWriteConcernError } from 'mongodb';
import { expect, test, vi } from 'vitest';
import { BatchedInserts } from '../../../src/cloudvm/database/batched-inserts.ts';

/** Inserts into a database that is not there. */
function open(options = '') {
  const database = new MongoClient(`mongodb://127.0.0.1:1/?${options}`).db('notes');
  const command = vi.spyOn(database, 'command').mockResolvedValue({ ok: 1, n: 2 });
  const inserts = new BatchedInserts<Document>(database, 'notes');
  return { command, insertTwo: () => Promise.all([1, 2].map((_id) => inserts.insert({ _id }))) };
}

test('inserts take the write concern of the connection', async () => {
  const { command, insertTwo } = open('w=majority&wtimeoutMS=5');
  await insertTwo();
  expect(command.mock.calls).toEqual([
    [
      {
        insert: 'notes',
        documents: [{ _id: 1 }, { _id: 2 }],
        ordered: false,
        writeConcern: { w: 'majority', wtimeout: 5 },
      },
    ],
  ]);
});

test('inserts name no write concern if the connection has none', async () => {
  const { command, insertTwo } = open();
  await insertTwo();
  expect(command.mock.calls[0]?.[0]).not.toHaveProperty('writeConcern');
});

test('inserts are sent before anything else of the event loop runs', async () => {
  const { command, insertTwo } = open();
  const order: string[] = [];
  setImmediate(() => order.push('event loop'));
  process.nextTick(() => order.push('next tick'));
  command.mockImplementation(async () => {
    order.push('sent');
    return { ok: 1 };
  });
  await insertTwo();
  expect(order).toEqual(['sent']);
});

test('an answer that makes no sense fails every insert', async () => {
  const { command, insertTwo } = open();
  command.mockResolvedValue({ ok: 1, writeErrors: 'none' });
  await expect(insertTwo()).rejects.toThrow(TypeError);
});

test('inserts that are stored, but not as safely as was asked, fail and are not sent again', async () => {
  const { command, insertTwo } = open('w=majority');
  const unsafe = new MongoWriteConcernError({ ok: 1, writeConcernError: { code: 64, errmsg: 'timed out' } });
  command.mockRejectedValue(unsafe);
  await expect(insertTwo()).rejects.toBe(unsafe);
  expect(command).toHaveBeenCalledOnce();
});
