/** A DATA_DIR that others can write to: they could replace the secret that signs tokens. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { spawnServer } from './support/cloudvm-process.ts';

let dataDirectory: string;

beforeEach(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), 'cloudvm-test-'));
});
afterEach(() => rm(dataDirectory, { recursive: true, force: true }));

/** What it prints until it has started or ended. */
async function outputOf(settings: Readonly<Record<string, string>> = {}): Promise<string> {
  const child = spawnServer(dataDirectory, settings);
  child.stdout.on('data', (piece: Buffer) => {
    if (piece.includes('listening on')) child.kill('SIGTERM');
  });
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return output + errors;
}

test.each([0o707, 0o777, 0o1777])(
  'is refused if everybody can write to it (mode %o)',
  async (mode) => {
    await chmod(dataDirectory, mode);
    const output = await outputOf();
    expect(output).toContain(`everybody on this machine may write to ${dataDirectory}`);
    expect(output).not.toContain('listening on');
  },
  30_000,
);

test('is warned about if its group can', async () => {
  await chmod(dataDirectory, 0o770);
  expect(await outputOf()).toMatch(/the group of DATA_DIR may write to it.*listening on/s);
}, 60_000);
