import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DATABASE_SETTINGS } from '../../src/embedded-mongodb/settings.ts';
import { readSettings, SettingsError } from '../../src/platform/settings/settings.ts';
import { TemporaryDirectory } from './support/test-database.ts';

const read = (environment: Record<string, string | undefined>) =>
  readSettings(DATABASE_SETTINGS, environment);

describe('DATA_DIR', () => {
  test.each([undefined, ''])('is ./data if it is %j', (text) => {
    expect(read({ DATA_DIR: text })).toEqual({ dataDirectory: resolve('data') });
  });

  test('may name a directory that does not exist yet', async () => {
    await using directory = await TemporaryDirectory.create();
    const path = join(directory.path, 'new', 'data');
    expect(read({ DATA_DIR: path })).toEqual({ dataDirectory: path });
  });

  test('is refused if its path leads through or to a file', async () => {
    await using directory = await TemporaryDirectory.create();
    const file = join(directory.path, 'file');
    writeFileSync(file, '');
    expect(() => read({ DATA_DIR: file })).toThrow(SettingsError);
    expect(() => read({ DATA_DIR: file })).toThrow(`DATA_DIR must be a directory, but ${file} is a file`);
  });
});
