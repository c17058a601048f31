import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Collection } from 'mongodb';
import { describe, expect, test } from 'vitest';
import { EmbeddedDatabase } from '../../src/embedded-mongodb/thread/embedded-database.ts';
import { connect, TemporaryDirectory } from './support.ts';
import { message, socketPath } from './wire-client.ts';

const COMMAND = join(import.meta.dirname, '../../src/embedded-mongodb/main.ts');

describe('the embedded database', () => {
  test('listens on a Unix socket that only its user can reach, and removes it at the end', async () => {
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

  test('has the same address after a restart, also after one that was killed', async () => {
    await using directory = await TemporaryDirectory.create();
    const { child, uri } = await startCommand(directory.path);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(existsSync(socketPath(uri))).toBe(true);
    await using database = await EmbeddedDatabase.start({ dataDirectory: directory.path });
    expect(database.uri).toBe(uri);
    await using client = connect(uri);
    await client.db('test').command({ ping: 1 });
  });

  test('closes the directory of its socket to others, whoever made it', async () => {
    await using directory = await TemporaryDirectory.create();
    mkdirSync(join(directory.path, 'run'), { mode: 0o755 });
    await using database = await EmbeddedDatabase.start({ dataDirectory: directory.path });
    expect(statSync(dirname(socketPath(database.uri))).mode & 0o777).toBe(0o700);
  });

  test('leaves the socket of another alone that holds its data directory', async () => {
    await using directory = await TemporaryDirectory.create();
    await using first = await EmbeddedDatabase.start({ dataDirectory: directory.path });
    await expect(EmbeddedDatabase.start({ dataDirectory: directory.path })).rejects.toThrow();
    await using client = connect(first.uri);
    await client.db('test').command({ ping: 1 });
  });

  test('listens in a temporary directory where its own has too long a path, and removes it at the end', async () => {
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

  test('finds after a restart what was stored before, with its indexes', async () => {
    await using directory = await TemporaryDirectory.create();
    await withThings(directory.path, async (things) => {
      await things.createIndex({ n: 1 }, { unique: true });
      await things.insertMany([{ n: 1 }, { n: [2, 3] }]);
    });
    // Everything is in the file itself once the database was closed.
    expect(existsSync(join(directory.path, 'cloudvm.sqlite-wal'))).toBe(false);
    await withThings(directory.path, async (things) => {
      expect(await things.countDocuments()).toBe(2);
      await expect(things.insertOne({ n: 3 })).rejects.toMatchObject({ code: 11000 });
      expect(await things.findOne({ n: { $gt: 1, $lt: 3 } })).not.toBeNull();
    });
  });

  test('refuses a data directory that another one uses, and takes it when that has ended', async () => {
    await using directory = await TemporaryDirectory.create();
    {
      await using first = await EmbeddedDatabase.start({ dataDirectory: directory.path });
      const second = EmbeddedDatabase.start({ dataDirectory: directory.path });
      await expect(second).rejects.toMatchObject({ code: 'DATA_DIRECTORY_IN_USE' });
      await expect(second).rejects.toThrow(directory.path);
      expect(first.uri).toMatch(/^mongodb:/);
    }
    await using third = await EmbeddedDatabase.start({ dataDirectory: directory.path });
    expect(third.uri).toMatch(/^mongodb:/);
  });

  test('refuses a directory of another process as well', async () => {
    await using directory = await TemporaryDirectory.create();
    const { child } = await startCommand(directory.path);
    try {
      const second = EmbeddedDatabase.start({ dataDirectory: directory.path });
      await expect(second).rejects.toMatchObject({ code: 'DATA_DIRECTORY_IN_USE' });
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  });

  test('refuses a file that is none of its own', async () => {
    await using directory = await TemporaryDirectory.create();
    writeFileSync(
      join(directory.path, 'cloudvm.sqlite'),
      'this is no database, but long enough to look at '.repeat(100),
    );
    const start = EmbeddedDatabase.start({ dataDirectory: directory.path });
    await expect(start).rejects.toMatchObject({ code: 'DATA_DIRECTORY_UNUSABLE' });
  });

  test('refuses a directory that cannot be made', async () => {
    await using directory = await TemporaryDirectory.create();
    writeFileSync(join(directory.path, 'file'), '');
    const start = EmbeddedDatabase.start({ dataDirectory: join(directory.path, 'file', 'data') });
    await expect(start).rejects.toMatchObject({ code: 'DATA_DIRECTORY_UNUSABLE' });
  });

  test('finishes the writes it has received before it closes', async () => {
    await using directory = await TemporaryDirectory.create();
    let acknowledged = 0;
    await withThings(directory.path, async (things, database) => {
      await things.insertOne({ first: true });
      const writes = Array.from({ length: 200 }, () =>
        things.insertOne({ n: 1 }).then(() => (acknowledged += 1)),
      );
      const settled = Promise.allSettled(writes);
      await writes[0];
      await database[Symbol.asyncDispose]();
      await settled;
    });
    await withThings(directory.path, async (things) => {
      expect(await things.countDocuments({ n: 1 })).toBeGreaterThanOrEqual(acknowledged);
    });
  });

  test('closes although a client takes no replies', async () => {
    await using directory = await TemporaryDirectory.create();
    await withThings(directory.path, async (things, database) => {
      await things.insertOne({ text: 'x'.repeat(5_000_000) });
      const socket = connectSocket(socketPath(database.uri));
      try {
        socket.on('error', () => {});
        await once(socket, 'connect');
        for (let n = 0; n < 20; n += 1) socket.write(message({ find: things.collectionName, $db: 'test' }));
        // What was written before this answer has been read before it.
        await things.countDocuments();
        await database[Symbol.asyncDispose]();
      } finally {
        socket.destroy();
      }
    });
  });

  test('as a command prints its URI, and ends with 0 when asked to', async () => {
    await using directory = await TemporaryDirectory.create();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      const { child, uri } = await startCommand(directory.path);
      const client = connect(uri);
      await client.db('test').collection('things').insertOne({ signal });
      await client.close();
      child.kill(signal);
      expect(await once(child, 'exit')).toEqual([0, null]);
      expect(existsSync(socketPath(uri))).toBe(false);
    }
  });

  test('as a command says why it does not start, and ends with another code', async () => {
    await using directory = await TemporaryDirectory.create();
    mkdirSync(join(directory.path, 'cloudvm.sqlite'));
    const child = spawn(process.execPath, [COMMAND], { env: { ...process.env, DATA_DIR: directory.path } });
    let errors = '';
    child.stderr.on('data', (bytes) => {
      errors += bytes;
    });
    const [code] = await once(child, 'close');
    expect(code).toBe(1);
    expect(errors).toContain('DATA_DIRECTORY_UNUSABLE');
  });
});

describe('an acknowledged write', () => {
  test('is there again after kill -9 in the middle of writing', async () => {
    await using directory = await TemporaryDirectory.create();
    for (let round = 1; round <= 3; round += 1) {
      const acknowledged = await writeUntilKilled(directory.path, round, 150 * round);
      expect(acknowledged.inserted.length).toBeGreaterThanOrEqual(150 * round);
      await withThings(directory.path, async (things) => {
        const stored = await things.find({ round }).toArray();
        const byId = new Map(stored.map((document) => [document['n'], document]));
        for (const n of acknowledged.inserted) expect(byId.has(n), `insert ${n}`).toBe(true);
        for (const n of acknowledged.updated) expect(byId.get(n)?.['updated'], `update ${n}`).toBe(true);
        // The index knows exactly what the collection holds.
        const indexed = await things.find({ round, n: { $gte: 0 } }, { hint: 'round_1_n_1' }).toArray();
        expect(indexed).toHaveLength(stored.length);
      });
    }
  });
});

async function writeUntilKilled(directory: string, round: number, enough: number) {
  const { child, uri } = await startCommand(directory);
  const client = connect(uri);
  const things = client.db('test').collection('things');
  const inserted: number[] = [];
  const updated: number[] = [];
  try {
    await things.createIndex({ round: 1, n: 1 }, { unique: true });
    let next = 0;
    const writer = async () => {
      for (;;) {
        const n = next;
        next += 1;
        await things.insertOne({ round, n });
        inserted.push(n);
        if (inserted.length === enough) child.kill('SIGKILL');
        await things.updateOne({ round, n }, { $set: { updated: true } });
        updated.push(n);
      }
    };
    await Promise.allSettled(Array.from({ length: 8 }, writer));
  } finally {
    child.kill('SIGKILL');
    await client.close();
  }
  return { inserted, updated };
}

async function startCommand(directory: string): Promise<{ child: ChildProcess; uri: string }> {
  const child = spawn(process.execPath, [COMMAND], {
    env: { ...process.env, DATA_DIR: directory },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [uri] = (await once(createInterface(child.stdout), 'line')) as [string];
  return { child, uri };
}

async function withThings(
  dataDirectory: string,
  use: (things: Collection, database: EmbeddedDatabase) => Promise<void>,
): Promise<void> {
  await using database = await EmbeddedDatabase.start({ dataDirectory });
  const client = connect(database.uri);
  try {
    await use(client.db('test').collection('things'), database);
  } finally {
    await client.close();
  }
}
