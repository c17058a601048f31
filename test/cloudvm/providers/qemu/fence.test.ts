/** A call of a worker that was believed dead is refused. */
import { mkdtempDisposable, readdir, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Fence } from '../../../../src/cloudvm/providers/qemu/fence.ts';

const VM = 'a'.repeat(24);
const { signal } = new AbortController();
const REFUSED = { code: 'ERR_PROVIDER', message: 'another worker has taken over', isPermanent: false };

const temporary = () => mkdtempDisposable(join(tmpdir(), 'cloudvm-fence-'));

function call(operation: number, attempt: number) {
  return { operationId: String(operation).padStart(24, '0'), attempt, signal };
}

test('an earlier attempt is refused, and an equal or later one passes', async () => {
  await using directory = await temporary();
  const fence = () => new Fence(directory.path, VM);
  await fence().pass(call(1, 2), false);
  await expect(fence().pass(call(1, 1), false)).rejects.toMatchObject(REFUSED);
  await fence().pass(call(1, 2), false);
  await fence().pass(call(1, 3), false);
  await expect(fence().pass(call(1, 2), false)).rejects.toMatchObject(REFUSED);
});

test('operations and VMs are counted apart, and the latest operations are remembered', async () => {
  await using directory = await temporary();
  const fence = new Fence(directory.path, VM);
  await fence.pass(call(1, 9), false);
  for (let operation = 2; operation <= 60; operation += 1) await fence.pass(call(operation, 2), false);
  await expect(fence.pass(call(1, 8), false)).rejects.toMatchObject(REFUSED);
  await expect(fence.pass(call(60, 1), false)).rejects.toMatchObject(REFUSED);
  await new Fence(directory.path, 'b'.repeat(24)).pass(call(1, 1), false);
});

test('after the removal of a VM only removals pass', async () => {
  await using directory = await temporary();
  const fence = new Fence(directory.path, VM);
  await fence.close();
  await expect(fence.pass(call(1, 1), false)).rejects.toMatchObject(REFUSED);
  await fence.pass(call(2, 1), true);
  await expect(fence.pass(call(1, 2), false)).rejects.toMatchObject(REFUSED);
});

test('half a file, left by a power cut, is no fence', async () => {
  await using directory = await temporary();
  for (const half of ['', '{"isRemoved":', 'null', '[]', '{}', '{"attempts":7}']) {
    await writeFile(join(directory.path, VM), half);
    await new Fence(directory.path, VM).pass(call(1, 1), false);
  }
});

test('a removed VM is forgotten after a day, with the next removal', async () => {
  await using directory = await temporary();
  const [old, alive, next] = ['c', 'd', 'e'].map((letter) => letter.repeat(24));
  await new Fence(directory.path, String(old)).close();
  await new Fence(directory.path, String(alive)).pass(call(1, 1), false);
  const before = new Date(Date.now() - 25 * 60 * 60 * 1000);
  for (const name of [old, alive]) await utimes(join(directory.path, String(name)), before, before);
  await new Fence(directory.path, String(next)).close();
  expect(await readdir(directory.path)).toEqual([alive, next]);
});
