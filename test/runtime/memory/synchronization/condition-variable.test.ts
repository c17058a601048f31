import { describe, expect, test } from 'vitest';
import { ConditionVariable } from '../../../../src/runtime/memory/synchronization/condition-variable.ts';
import { Mutex } from '../../../../src/runtime/memory/synchronization/mutex.ts';
import { effort } from '../../../support/effort.ts';
import { runThreads, sharedWords, TestThread } from '../threads/thread.ts';

const MAIN = 100;
// As in threads/condition-variable-thread.ts, which only runs as a worker.
const MUTEX = 0;
const NOT_EMPTY = 16;
const NOT_FULL = 32;
const FILLED = 48;
const RECEIVED = 64;

function conditionThread(task: string, words: Int32Array, thread = 0): TestThread {
  return new TestThread('condition-variable-thread.ts', { task, words, thread, rounds: 1 });
}

/** Starts threads one after another, each asleep or about to sleep when this returns. */
async function startWaiters(threads: AsyncDisposableStack, words: Int32Array, count: number) {
  const waiters: TestThread[] = [];
  for (let thread = 0; thread < count; thread++) {
    const waiter = threads.use(conditionThread('wait', words, thread));
    waiters.push(waiter);
    expect(await waiter.nextMessage()).toBe('waiting');
    // They posted under the mutex. Once we get it, they have read the sequence number.
    using _guard = await new Mutex(words, MUTEX, MAIN).lockAsync(60_000);
  }
  return waiters;
}

describe('ConditionVariable', () => {
  test('releases the mutex during a wait, and holds it again afterwards', async () => {
    const words = sharedWords(64);
    const mutex = new Mutex(words, MUTEX, MAIN);
    const condition = new ConditionVariable(words, NOT_EMPTY);
    using guard = await mutex.lockAsync(60_000);
    const waiting = condition.waitAsync(guard, 60_000);
    const others = new Mutex(words, MUTEX, MAIN + 1);
    {
      using free = others.tryLock();
      expect(free, 'free during the wait').toBeDefined();
      condition.notifyOne();
    }
    expect(await waiting).toBe(true);
    expect(others.tryLock(), 'held after the wait').toBeUndefined();
    expect(guard.suspect).toBe(false);
  });

  test('a guard that waits cannot be used, and one that was released cannot wait', async () => {
    const words = sharedWords(64);
    const guard = await new Mutex(words, MUTEX, MAIN).lockAsync(60_000);
    const condition = new ConditionVariable(words, NOT_EMPTY);
    const waiting = condition.waitAsync(guard, 60_000);
    expect(() => guard.release()).toThrow(expect.objectContaining({ code: 'ERR_MUTEX_WAITING' }));
    await expect(condition.waitAsync(guard, 1)).rejects.toMatchObject({ code: 'ERR_MUTEX_WAITING' });
    condition.notifyAll();
    await waiting;
    guard.release();
    await expect(condition.waitAsync(guard, 1)).rejects.toMatchObject({ code: 'ERR_MUTEX_RELEASED' });
    await using thread = conditionThread('misuse', words);
    expect(await thread.nextMessage()).toBe('ERR_MUTEX_RELEASED');
  });

  test('never blocks the main thread, which keeps its lock', async () => {
    const words = sharedWords(64);
    const mutex = new Mutex(words, MUTEX, MAIN);
    using guard = mutex.tryLock();
    if (!guard) throw new Error('the mutex is free');
    const condition = new ConditionVariable(words, NOT_EMPTY);
    expect(() => condition.wait(guard)).toThrow(expect.objectContaining({ code: 'ERR_MUTEX_BLOCKS_MAIN' }));
    expect(guard.suspect).toBe(false);
  });

  test('ends a wait after its timeout, and holds the mutex then too', async () => {
    const words = sharedWords(64);
    await using thread = conditionThread('time-out', words);
    expect(await thread.nextMessage()).toEqual({ notified: false, lockHeldAfterwards: true });
    await thread.exited;
    using guard = await new Mutex(words, MUTEX, MAIN).lockAsync(60_000);
    expect(await new ConditionVariable(words, NOT_EMPTY).waitAsync(guard, 5)).toBe(false);
    expect(new Mutex(words, MUTEX, MAIN + 1).tryLock()).toBeUndefined();
  });

  test('a notification between unlocking and falling asleep is not lost', async () => {
    const words = sharedWords(64);
    const condition = new ConditionVariable(words, NOT_EMPTY);
    using guard = await new Mutex(words, MUTEX, MAIN).lockAsync(60_000);
    const unlock = guard.beginWait.bind(guard);
    guard.beginWait = () => {
      unlock();
      condition.notifyOne(); // Another thread, at the worst moment.
    };
    expect(await condition.waitAsync(guard, 5_000)).toBe(true);
  });

  test('notifyOne wakes one of the sleeping threads, notifyAll the rest', async () => {
    const words = sharedWords(64);
    await using threads = new AsyncDisposableStack();
    const waiters = await startWaiters(threads, words, 8);
    const condition = new ConditionVariable(words, NOT_EMPTY);
    condition.notifyOne();
    await Promise.race(waiters.map((waiter) => waiter.exited));
    condition.notifyAll();
    for (const waiter of waiters) {
      expect(await waiter.nextMessage()).toEqual({ suspect: false });
      await waiter.exited;
    }
    expect(words[MUTEX], 'free, nobody waiting').toBe(0);
  });

  test('a waiter that died in its sleep blocks nobody once main has cleaned up after it', async () => {
    const words = sharedWords(64);
    await using threads = new AsyncDisposableStack();
    const waiters = await startWaiters(threads, words, 3);
    const condition = new ConditionVariable(words, NOT_EMPTY);
    condition.notifyOne(); // Perhaps to the one that is killed now.
    await waiters[0]?.worker.terminate();
    new Mutex(words, MUTEX, MAIN).releaseOwnedBy(0);
    condition.notifyAll();
    await Promise.all(waiters.slice(1).map((waiter) => waiter.exited));
  });

  // The sequence numbers cross 2³¹ (where an Int32 changes its sign) and 2³² (where it starts again at 0).
  test.each([0, 2 ** 31 - 500, 2 ** 32 - 500])(
    '4 producers and 4 consumers hand over every value exactly once, with a sequence from %d',
    async (sequence) => {
      const rounds = effort(4_000, 40_000);
      const words = sharedWords(RECEIVED + 4 * rounds);
      words[NOT_EMPTY] = sequence;
      words[NOT_FULL] = sequence;
      await runThreads('condition-variable-thread.ts', 8, (thread) => {
        const consumer = thread === 7 ? 'consume-async' : 'consume';
        return { task: thread < 4 ? 'produce' : consumer, words, thread, rounds };
      });
      expect(words.subarray(RECEIVED).every((times) => times === 1)).toBe(true);
      expect(words[FILLED]).toBe(0);
      expect(words[MUTEX]).toBe(0);
    },
  );
});
