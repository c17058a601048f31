import { copyFileSync, existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { EmbeddedDatabase } from '../../../src/embedded-mongodb/index.ts';
import { checkFile } from '../../../src/embedded-mongodb/storage/file-check.ts';
import { startCommand } from '../support/command.ts';
import { TemporaryDirectory, withThings } from '../support/test-database.ts';

const DOCUMENTS = 10_000;

describe('a file is refused, and left as it is,', () => {
  test('if 200 of its bits are flipped', async () => {
    await using directory = await TemporaryDirectory.create();
    const file = await fill(directory.path);
    const bytes = readFileSync(file);
    const random = pseudoRandom(1);
    for (let flips = 0; flips < 200; flips += 1) {
      // The header of the file is not among them, because it would be noticed in any case.
      const position = 100 + (random() % (bytes.length - 100));
      bytes.writeUInt8(bytes.readUInt8(position) ^ (1 << (random() % 8)), position);
    }
    writeFileSync(file, bytes);
    await expectRefusal(directory.path, 'it is damaged', 'Restore the file from a backup');
    expect(readFileSync(file).equals(bytes)).toBe(true);
  });

  test('if it is truncated', async () => {
    await using directory = await TemporaryDirectory.create();
    const file = await fill(directory.path);
    truncateSync(file, 4096 * 20);
    const bytes = readFileSync(file);
    await expectRefusal(directory.path, 'cannot be opened', file);
    expect(readFileSync(file).equals(bytes)).toBe(true);
  });

  test.each([
    ['a database of another program', 'CREATE TABLE other (n INTEGER)', 'not an embedded database'],
    [
      'of a newer layout',
      'PRAGMA application_id = 1129729348; PRAGMA user_version = 7; CREATE TABLE t (n)',
      'version 7',
    ],
  ])('if it is %s', async (_what, sql, words) => {
    await using directory = await TemporaryDirectory.create();
    const file = join(directory.path, 'cloudvm.sqlite');
    {
      using database = new DatabaseSync(file);
      database.exec(sql);
    }
    const bytes = readFileSync(file);
    await expectRefusal(directory.path, words);
    expect(readFileSync(file).equals(bytes)).toBe(true);
    expect(existsSync(`${file}-wal`)).toBe(false);
  });
});

describe('where data was, the database does not begin anew', () => {
  test('if the file is empty or gone, until the marker is deleted', async () => {
    await using directory = await TemporaryDirectory.create();
    const file = await fill(directory.path, 1);
    const copy = join(directory.path, 'copy');
    copyFileSync(file, copy);
    writeFileSync(file, '');
    await expectRefusal(directory.path, 'it is empty, and it held data before', `delete ${file}-marker`);
    rmSync(file);
    await expectRefusal(directory.path, 'it is gone, and it held data before');
    expect(existsSync(file)).toBe(false);

    copyFileSync(copy, file);
    await withThings(directory.path, async (things) => expect(await things.countDocuments()).toBe(1));

    rmSync(file);
    rmSync(`${file}-marker`);
    await withThings(directory.path, async (things) => expect(await things.countDocuments()).toBe(0));
  });

  test('but a database that was killed before its first write starts again', async () => {
    await using directory = await TemporaryDirectory.create();
    const command = await startCommand(directory.path);
    await command.kill();
    await withThings(directory.path, async (things) => void (await things.insertOne({ n: 1 })));
  });

  test('but an empty file that never held data becomes a new database', async () => {
    await using directory = await TemporaryDirectory.create();
    writeFileSync(join(directory.path, 'cloudvm.sqlite'), '');
    await withThings(directory.path, async (things) => void (await things.insertOne({ n: 1 })));
  });

  test('and a database from before there were markers gets one', async () => {
    await using directory = await TemporaryDirectory.create();
    const file = await fill(directory.path, 1);
    rmSync(`${file}-marker`);
    await withThings(directory.path, async (things) => expect(await things.countDocuments()).toBe(1));
    expect(existsSync(`${file}-marker`)).toBe(true);
  });
});

test('of a file that is too large to be checked, the catalog is checked', async () => {
  await using directory = await TemporaryDirectory.create();
  using database = new DatabaseSync(await fill(directory.path, 100));
  expect(checkFile(database, Infinity)).toBe(true);
  expect(checkFile(database, 1)).toBe(false);
});

/** @returns the file of a database that has closed */
async function fill(dataDirectory: string, count = DOCUMENTS): Promise<string> {
  await withThings(dataDirectory, async (things) => {
    await things.createIndex({ n: 1 });
    await things.insertMany(
      Array.from({ length: count }, (_, n) => ({ _id: n as never, n, name: `vm-${n}` })),
    );
  });
  return join(dataDirectory, 'cloudvm.sqlite');
}

async function expectRefusal(dataDirectory: string, ...words: string[]): Promise<void> {
  const start = EmbeddedDatabase.start({ dataDirectory });
  await expect(start).rejects.toMatchObject({ code: 'DATA_DIRECTORY_UNUSABLE' });
  for (const word of words) await expect(start).rejects.toThrow(word);
}

/** The same numbers in every run (a linear congruential generator). */
function pseudoRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 3;
  };
}
