import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, test, vi } from 'vitest';
import {
  makeHashingBuffer,
  openHashingMemory,
  PROCESS_SLOTS,
  shareHashingLine,
  viewHashingMemory,
} from '../../../../../src/cloudvm/accounts/passwords/line/hashing-memory.ts';
import { HashingSlots } from '../../../../../src/cloudvm/accounts/passwords/line/hashing-slots.ts';

const HOLDER = new URL('./support/slot-holder.ts', import.meta.url);

const slotsOf = (count: number) => new HashingSlots(viewHashingMemory(makeHashingBuffer(count)));
const ignore = () => undefined;

describe('hashing slots', () => {
  test('are limited in number, and are free again at the end of their scope', () => {
    const slots = slotsOf(2);
    {
      using one = slots.tryAcquire(ignore);
      using two = slots.tryAcquire(ignore);
      expect(one).toBeDefined();
      expect(two).toBeDefined();
      expect(slots.hasFree).toBe(false);
      expect(slots.tryAcquire(ignore)).toBeUndefined();
    }
    expect(slots.hasFree).toBe(true);
    using again = slots.tryAcquire(ignore);
    expect(again).toBeDefined();
  });

  test('become free again when the lease of a dead holder has ended', () => {
    const slots = slotsOf(1);
    const onRelease = vi.fn();
    const dead = slots.tryAcquire(onRelease);
    const later = process.hrtime.bigint() + 11_000_000_000n;
    const clock = vi.spyOn(process.hrtime, 'bigint').mockReturnValue(later);
    try {
      using heir = slots.tryAcquire(ignore);
      expect(heir).toBeDefined();
      // The slow holder comes back, but its slot belongs to another holder now.
      dead?.[Symbol.dispose]();
      expect(onRelease).not.toHaveBeenCalled();
      expect(slots.tryAcquire(ignore)).toBeUndefined();
    } finally {
      clock.mockRestore();
    }
  });

  test('are shared by all threads of the process', async () => {
    shareHashingLine();
    const workers = Array.from({ length: PROCESS_SLOTS + 1 }, () => new Worker(HOLDER));
    try {
      const answers = await Promise.all(workers.map((worker) => once(worker, 'message')));
      expect(answers.flat().sort()).toEqual(['none', ...Array(PROCESS_SLOTS).fill('taken')]);
      const slots = new HashingSlots(openHashingMemory());
      expect(slots.tryAcquire(ignore)).toBeUndefined();
      const released = workers.map((worker) => once(worker, 'message'));
      for (const worker of workers) worker.postMessage('release');
      await Promise.all(released);
      using slot = slots.tryAcquire(ignore);
      expect(slot).toBeDefined();
    } finally {
      await Promise.all(workers.map((worker) => worker.terminate()));
    }
  });
});
