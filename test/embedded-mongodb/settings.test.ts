import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readSettings, SettingsError } from '../../src/embedded-mongodb/settings.ts';
import { TemporaryDirectory } from './support/test-database.ts';

describe('DATA_DIR', () => {
  test.each([undefined, ''])('is ./data if it is %j', (text) => {
    expect(readSettings({ DATA_DIR: text })).toEqual({ dataDirectory: resolve('data') });
  });

  test('may name a directory that does not exist yet', async () => {
    await using directory = await TemporaryDirectory.create();
    const path = join(directory.path, 'new', 'data');
    expect(readSettings({ DATA_DIR: path })).toEqual({ dataDirectory: path });
  });

  test('is refused if its path leads through or to a file', async () => {
    await using directory = await TemporaryDirectory.create();
    const file = join(directory.path, 'file');
    writeFileSync(file, '');
    expect(() => readSettings({ DATA_DIR: file })).toThrow(SettingsError);
    expect(() => readSettings({ DATA_DIR: file })).toThrow(
      `DATA_DIR must be a directory, but ${file} is a file`,
    );
  });
});
