import { once } from 'node:events';
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { EmbeddedDatabase } from '../../../src/embedded-mongodb/index.ts';
import { startCommand } from '../support/command.ts';
import { connect, TemporaryDirectory, withThings } from '../support/test-database.ts';
import { message, socketPath } from '../support/wire-client.ts';

describe('the socket of the embedded database', () => {
  test('can be reached by its user only, and is removed at the end', async () => {
    await using directory = await TemporaryDirectory.create();
    let path: string;
    {
      await using database = await EmbeddedDatabase.start({ dataDirectory: join(directory.path, 'data') });
      path = socketPath(database.uri);
      expect(path.endsWith('.sock')).toBe(true);
      expect(path.length).toBeLessThan(100);
      expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
      expect(statSync(join(directory.path, 'data')).mode & 0o777).toBe(0o700);
    }
    expect(existsSync(path)).toBe(false);
  });

  test('has the same address after a restart, even after the process was killed', async () => {
    await using directory = await TemporaryDirectory.create();
    const command = await startCommand(directory.path);
    await command.kill();
    expect(existsSync(socketPath(command.uri))).toBe(true);
    await using database = await EmbeddedDatabase.start({ dataDirectory: directory.path });
    expect(database.uri).toBe(command.uri);
    await using client = connect(database.uri);
    await client.db('test').command({ ping: 1 });
  });

  test('is closed to other users even if they could enter its directory before', async () => {
    await using directory = await TemporaryDirectory.create();
    mkdirSync(join(directory.path, 'run'), { mode: 0o755 });
    await using database = await EmbeddedDatabase.start({ dataDirectory: directory.path });
    expect(statSync(dirname(socketPath(database.uri))).mode & 0o777).toBe(0o700);
  });

  test('still answers after a second database was refused on its data directory', async () => {
    await using directory = await TemporaryDirectory.create();
    await using first = await EmbeddedDatabase.start({ dataDirectory: directory.path });
    await expect(EmbeddedDatabase.start({ dataDirectory: directory.path })).rejects.toThrow();
    await using client = connect(first.uri);
    await client.db('test').command({ ping: 1 });
  });

  test('lies in a temporary directory if its own path is too long, and is removed at the end', async () => {
    await using directory = await TemporaryDirectory.create();
    let path: string;
    {
      const dataDirectory = join(directory.path, 'x'.repeat(100));
      await using database = await EmbeddedDatabase.start({ dataDirectory });
      path = socketPath(database.uri);
      expect(path.startsWith(directory.path)).toBe(false);
      expect(path.endsWith('.sock')).toBe(true);
      expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
    }
    expect(existsSync(dirname(path))).toBe(false);
  });
});

describe('the start of the embedded database', () => {
  test('finds the documents and indexes that were stored before', async () => {
    await using directory = await TemporaryDirectory.create();
    await withThings(directory.path, async (things) => {
      await things.createIndex({ n: 1 }, { unique: true });
      await things.insertMany([{ n: 1 }, { n: [2, 3] }]);
    });
    // Closing has copied everything into the file itself.
    expect(existsSync(join(directory.path, 'cloudvm.sqlite-wal'))).toBe(false);
    await withThings(directory.path, async (things) => {
      expect(await things.countDocuments()).toBe(2);
      await expect(things.insertOne({ n: 3 })).rejects.toMatchObject({ code: 11000 });
      expect(await things.findOne({ n: { $gt: 1, $lt: 3 } })).not.toBeNull();
    });
  });

  test('is refused while another database uses the data directory, and succeeds afterwards', async () => {
    await using directory = await TemporaryDirectory.create();
    {
      await using _first = await EmbeddedDatabase.start({ dataDirectory: directory.path });
      const second = EmbeddedDatabase.start({ dataDirectory: directory.path });
      await expect(second).rejects.toMatchObject({ code: 'DATA_DIRECTORY_IN_USE' });
      await expect(second).rejects.toThrow(directory.path);
    }
    await using third = await EmbeddedDatabase.start({ dataDirectory: directory.path });
    expect(third.uri).toMatch(/^mongodb:/);
  });

  test('is refused while a database of another process uses the data directory', async () => {
    await using directory = await TemporaryDirectory.create();
    await using _command = await startCommand(directory.path);
    const second = EmbeddedDatabase.start({ dataDirectory: directory.path });
    await expect(second).rejects.toMatchObject({ code: 'DATA_DIRECTORY_IN_USE' });
  });

  test('is refused if the file is not a database', async () => {
    await using directory = await TemporaryDirectory.create();
    const file = join(directory.path, 'cloudvm.sqlite');
    writeFileSync(file, 'this is not a database, but long enough to be examined '.repeat(100));
    await expectUnusable(directory.path, file);
  });

  test('is refused if the file is a database of another program', async () => {
    await using directory = await TemporaryDirectory.create();
    const file = join(directory.path, 'cloudvm.sqlite');
    changeFile(file, 'CREATE TABLE other (n INTEGER)');
    await expectUnusable(directory.path, file);
  });

  test('names the layout version of a file that a later version has written', async () => {
    await using directory = await TemporaryDirectory.create();
    const file = join(directory.path, 'cloudvm.sqlite');
    await withThings(directory.path, async (things) => void (await things.insertOne({ n: 1 })));
    changeFile(file, 'PRAGMA user_version = 7');
    await expectUnusable(directory.path, 'layout version 7');
  });

  test('names the file if its catalog is broken, and unlocks the file', async () => {
    await using directory = await TemporaryDirectory.create();
    const file = join(directory.path, 'cloudvm.sqlite');
    await withThings(directory.path, async (things) => void (await things.createIndex({ n: 1 })));
    changeFile(file, "UPDATE indexes SET specification = x'00'");
    await expectUnusable(directory.path, file);
    changeFile(file, 'DELETE FROM indexes');
    await using database = await EmbeddedDatabase.start({ dataDirectory: directory.path });
    expect(database.uri).toMatch(/^mongodb:/);
  });

  test('is refused if the data directory cannot be created', async () => {
    await using directory = await TemporaryDirectory.create();
    writeFileSync(join(directory.path, 'file'), '');
    await expectUnusable(join(directory.path, 'file', 'data'), join(directory.path, 'file', 'data'));
  });

  test('names the socket and the cause if the socket cannot be created', async () => {
    await using directory = await TemporaryDirectory.create();
    writeFileSync(join(directory.path, 'run'), '');
    const start = EmbeddedDatabase.start({ dataDirectory: directory.path });
    await expect(start).rejects.toMatchObject({ code: 'SOCKET_UNUSABLE' });
    await expect(start).rejects.toThrow(`socket ${join(directory.path, 'run', 'mongodb.sock')}: EEXIST`);
  });
});

describe('closing the embedded database', () => {
  test('first finishes the writes that it has received', async () => {
    await using directory = await TemporaryDirectory.create();
    let acknowledged = 0;
    const database = await EmbeddedDatabase.start({ dataDirectory: directory.path });
    const client = connect(database.uri);
    const things = client.db('test').collection('things');
    await things.insertOne({ first: true });
    const writes = Array.from({ length: 200 }, () =>
      things.insertOne({ n: 1 }).then(() => (acknowledged += 1)),
    );
    const settled = Promise.allSettled(writes);
    await writes[0];
    await database[Symbol.asyncDispose]();
    // Otherwise the driver would wait for the database to come back.
    await client.close();
    await settled;
    await withThings(directory.path, async (restarted) => {
      expect(await restarted.countDocuments({ n: 1 })).toBeGreaterThanOrEqual(acknowledged);
    });
  });

  test('does not wait for a client that takes no replies', async () => {
    await using directory = await TemporaryDirectory.create();
    const database = await EmbeddedDatabase.start({ dataDirectory: directory.path, closeTimeoutMs: 100 });
    await using client = connect(database.uri);
    const things = client.db('test').collection('things');
    await things.insertOne({ text: 'x'.repeat(5_000_000) });
    const socket = connectSocket(socketPath(database.uri));
    try {
      socket.on('error', () => {});
      await once(socket, 'connect');
      for (let n = 0; n < 20; n += 1) socket.write(message({ find: 'things', $db: 'test' }));
      // The requests were read before this reply was sent.
      await things.countDocuments();
      await database[Symbol.asyncDispose]();
    } finally {
      socket.destroy();
    }
  });
});

async function expectUnusable(dataDirectory: string, words: string): Promise<void> {
  const start = EmbeddedDatabase.start({ dataDirectory });
  await expect(start).rejects.toMatchObject({ code: 'DATA_DIRECTORY_UNUSABLE' });
  await expect(start).rejects.toThrow(words);
}

function changeFile(file: string, sql: string): void {
  using database = new DatabaseSync(file);
  database.exec(sql);
}
