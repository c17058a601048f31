import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, test, vi } from 'vitest';
import {
  HashingSlots,
  PROCESS_SLOTS,
  shareHashingSlots,
} from '../../../../src/cloudvm/accounts/passwords/hashing-slots.ts';

const HOLDER = new URL('./support/slot-holder.ts', import.meta.url);

const twoSlots = () => new HashingSlots(new SharedArrayBuffer(8 + 2 * 8));

describe('hashing slots', () => {
  test('are limited in number, and are free again at the end of their scope', () => {
    const slots = twoSlots();
    {
      using one = slots.tryAcquire();
      using two = slots.tryAcquire();
      expect(one).toBeDefined();
      expect(two).toBeDefined();
      expect(slots.tryAcquire()).toBeUndefined();
    }
    using again = slots.tryAcquire();
    expect(again).toBeDefined();
  });

  test('wake a waiter when they become free', async () => {
    const slots = new HashingSlots(new SharedArrayBuffer(16));
    const first = slots.tryAcquire();
    const waiting = slots.acquire(60_000);
    first?.[Symbol.dispose]();
    using second = await waiting;
    expect(second).toBeDefined();
  });

  test('become free again when the lease of a dead holder has ended', () => {
    const slots = new HashingSlots(new SharedArrayBuffer(16));
    const dead = slots.tryAcquire();
    const later = process.hrtime.bigint() + 11_000_000_000n;
    const clock = vi.spyOn(process.hrtime, 'bigint').mockReturnValue(later);
    try {
      using heir = slots.tryAcquire();
      expect(heir).toBeDefined();
      // The slow holder comes back, but its slot belongs to another holder now.
      dead?.[Symbol.dispose]();
      expect(slots.tryAcquire()).toBeUndefined();
    } finally {
      clock.mockRestore();
    }
  });

  test('are shared by all threads of the process', async () => {
    shareHashingSlots();
    const workers = Array.from({ length: PROCESS_SLOTS + 1 }, () => new Worker(HOLDER));
    try {
      const answers = await Promise.all(workers.map((worker) => once(worker, 'message')));
      expect(answers.flat().sort()).toEqual(['none', ...Array(PROCESS_SLOTS).fill('taken')]);
      const slots = HashingSlots.open();
      expect(slots.tryAcquire()).toBeUndefined();
      const waiting = slots.acquire(60_000);
      for (const worker of workers) worker.postMessage('release');
      using slot = await waiting;
      expect(slot).toBeDefined();
    } finally {
      await Promise.all(workers.map((worker) => worker.terminate()));
    }
  });
});
