/**
 * How the database file copes with a full disk. SQLite's limit on the number of pages stands in for the disk.
 */
import { expect, test } from 'vitest';
import { asCommandError } from '../../../src/embedded-mongodb/execution/as-command-error.ts';
import { SqliteFile } from '../../../src/embedded-mongodb/storage/sqlite-file.ts';
import { TemporaryDirectory } from '../support/test-database.ts';

const PAGE_BYTES = 4096;

function errorOf(work: () => void): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('this should have failed');
}

test('a write to a full disk fails with OutOfDiskSpace, and a later write that fits succeeds', async () => {
  await using directory = await TemporaryDirectory.create();
  using file = new SqliteFile(directory.path);
  file.begin();
  file.run('CREATE TABLE things (body BLOB NOT NULL)');
  file.commit();
  const pages = Number(file.get('PRAGMA page_count')?.['page_count']);
  file.get(`PRAGMA max_page_count = ${pages + 4}`);

  const insert = (bytes: number) => file.run('INSERT INTO things VALUES (zeroblob(?))', bytes);
  const error = errorOf(() => file.atomically(() => insert(20 * PAGE_BYTES)));
  expect(asCommandError(error)).toMatchObject({ codeName: 'OutOfDiskSpace' });
  file.rollback();

  file.atomically(() => insert(1));
  file.commit();
  expect(file.get('SELECT count(*) AS count FROM things')).toEqual({ count: 1 });
});

test('a transaction that SQLite has rolled back by itself takes no more writes', async () => {
  await using directory = await TemporaryDirectory.create();
  using file = new SqliteFile(directory.path);
  file.begin();
  file.run('CREATE TABLE things (n INTEGER)');
  file.commit();
  const full = new Error('the disk is full');
  const undone = () =>
    file.atomically(() => {
      file.run('INSERT INTO things VALUES (1)');
      file.run('ROLLBACK');
      throw full;
    });
  expect(errorOf(undone)).toBe(full);
  expect(errorOf(() => file.atomically(() => file.run('INSERT INTO things VALUES (2)')))).toBe(full);
  expect(errorOf(() => file.commit())).toBe(full);
  file.rollback();
  expect(file.get('SELECT count(*) AS count FROM things')).toEqual({ count: 0 });
});
