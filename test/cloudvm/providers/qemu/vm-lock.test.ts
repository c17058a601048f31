/** One call at a time works on a VM, in all threads and processes, and no lock outlives its holder. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempDisposable, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lockVm } from '../../../../src/cloudvm/providers/qemu/vm-lock.ts';

const VM = 'a'.repeat(24);
const OTHER_VM = 'b'.repeat(24);
const HOLDER = join(import.meta.dirname, 'support/lock-holder.ts');
const { signal } = new AbortController();
const NO_TIME = { timeoutMs: 0, signal };
const TIME = { timeoutMs: 30_000, signal };

const temporary = () => mkdtempDisposable(join(tmpdir(), 'cloudvm-lock-'));

test('the second waits until the first has freed the lock', async () => {
  await using directory = await temporary();
  const order: string[] = [];
  const first = await lockVm(directory.path, VM, TIME);
  const second = lockVm(directory.path, VM, TIME).then(async (lock) => {
    order.push('second');
    await lock?.[Symbol.asyncDispose]();
  });
  expect(await lockVm(directory.path, VM, NO_TIME)).toBeUndefined();
  order.push('first');
  await first?.[Symbol.asyncDispose]();
  await second;
  expect(order).toEqual(['first', 'second']);
});

test('other VMs and other directories have locks of their own, and a link has that of its target', async () => {
  await using directory = await temporary();
  await using other = await temporary();
  await symlink(directory.path, join(other.path, 'link'));
  await using one = await lockVm(directory.path, VM, NO_TIME);
  await using two = await lockVm(directory.path, OTHER_VM, NO_TIME);
  await using three = await lockVm(other.path, VM, NO_TIME);
  expect([one, two, three]).not.toContain(undefined);
  expect(await lockVm(join(other.path, 'link'), VM, NO_TIME)).toBeUndefined();
});

test('the lock of a process that was killed is free', async () => {
  await using directory = await temporary();
  const holder = spawn(process.execPath, [HOLDER, directory.path, VM], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(holder, 'exit');
  try {
    expect(String(await once(holder.stdout, 'data'))).toBe('locked\n');
    expect(await lockVm(directory.path, VM, NO_TIME)).toBeUndefined();
  } finally {
    holder.kill('SIGKILL');
    await exited;
  }
  await using lock = await lockVm(directory.path, VM, TIME);
  expect(lock).toBeDefined();
});

test('nobody waits after the signal', async () => {
  await using directory = await temporary();
  await using _lock = await lockVm(directory.path, VM, NO_TIME);
  const controller = new AbortController();
  const waiting = lockVm(directory.path, VM, { timeoutMs: 30_000, signal: controller.signal });
  controller.abort(new Error('nobody waits'));
  await expect(waiting).rejects.toThrow('nobody waits');
});
