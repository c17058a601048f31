import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runRefusedCommand, startCommand } from './support/command.ts';
import { connect, TemporaryDirectory } from './support/test-database.ts';
import { socketPath } from './support/wire-client.ts';

describe('the command npm run database', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)('prints its URI, and exits with 0 on %s', async (signal) => {
    await using directory = await TemporaryDirectory.create();
    await using command = await startCommand(directory.path);
    const client = connect(command.uri);
    await client.db('test').collection('things').insertOne({ signal });
    await client.close();
    const exited = once(command.child, 'exit');
    command.child.kill(signal);
    expect(await exited).toEqual([0, null]);
    expect(existsSync(socketPath(command.uri))).toBe(false);
  });

  test('says why the database does not start, and exits with 1', async () => {
    await using directory = await TemporaryDirectory.create();
    const file = join(directory.path, 'cloudvm.sqlite');
    mkdirSync(file);
    const { code, errors } = await runRefusedCommand(directory.path);
    expect(code).toBe(1);
    expect(errors).toContain('DATA_DIRECTORY_UNUSABLE');
    expect(errors).toContain(file);
  });

  test('names a DATA_DIR that is a file, and exits with 2', async () => {
    await using directory = await TemporaryDirectory.create();
    const file = join(directory.path, 'file');
    writeFileSync(file, '');
    const { code, errors } = await runRefusedCommand(file);
    expect(code).toBe(2);
    expect(errors).toBe(
      `The settings cannot be used:\n  DATA_DIR must be a directory, but ${file} is a file\n`,
    );
  });
});
