import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { Mutex, MutexError } from '../../../../src/runtime/memory/synchronization/mutex.ts';
import { effort } from '../../../support/effort.ts';
import { runThreads, sharedWords, TestThread } from '../threads/thread.ts';

/** The thread numbers of the stress are 0 to 7. The main thread takes part under this one. */
const MAIN = 100;
// As in threads/mutex-thread.ts, which only runs as a worker.
const LEFT = 16;
const RIGHT = 17;
const PROGRESS = 32;

function mutexThread(task: string, words: Int32Array, thread = 0, rounds = 0): TestThread {
  return new TestThread('mutex-thread.ts', { task, words, thread, rounds });
}

function errorOf(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error instanceof MutexError ? error.code : error;
  }
  return undefined;
}

describe('Mutex', () => {
  test('is held by one owner at a time, and free after the scope of its guard', () => {
    const words = sharedWords(1);
    const mine = new Mutex(words, 0, 0);
    const theirs = new Mutex(words, 0, 1);
    {
      using guard = mine.tryLock();
      expect(guard).toBeDefined();
      expect(theirs.tryLock()).toBeUndefined();
    }
    using guard = theirs.tryLock();
    expect(guard?.suspect).toBe(false);
    expect(mine.tryLock()).toBeUndefined();
  });

  test('is unlocked when its scope is left by an exception', () => {
    const mutex = new Mutex(sharedWords(1), 0, 0);
    expect(() => {
      using _guard = mutex.tryLock();
      throw new Error('on the way');
    }).toThrow('on the way');
    expect(mutex.tryLock()).toBeDefined();
  });

  test('refuses owner numbers that are too large, and indexes outside the memory', () => {
    for (const owner of [-1, 0.5, 65_535, Number.NaN]) {
      expect(() => new Mutex(sharedWords(1), 0, owner), `owner ${owner}`).toThrow(RangeError);
    }
    expect(() => new Mutex(sharedWords(1), 1, 0)).toThrow(RangeError);
  });

  test('never blocks the main thread', () => {
    const mutex = new Mutex(sharedWords(1), 0, MAIN);
    expect(errorOf(() => mutex.lock())).toBe('ERR_MUTEX_BLOCKS_MAIN');
  });

  test('throws a clear error for re-entry, a double unlock and a guard that holds nothing', async () => {
    await using thread = mutexThread('misuse', sharedWords(64));
    expect(await thread.nextMessage()).toEqual([
      'ERR_MUTEX_REENTRANT',
      'ERR_MUTEX_REENTRANT',
      'ERR_MUTEX_RELEASED',
      'ERR_MUTEX_RELEASED',
    ]);
  });

  test('an unlock by somebody who no longer owns the lock is an error and changes nothing', () => {
    const words = sharedWords(1);
    const guard = new Mutex(words, 0, 0).tryLock();
    const main = new Mutex(words, 0, MAIN);
    expect(main.releaseOwnedBy(0), 'as if thread 0 had died').toBe(true);
    using held = main.tryLock();
    expect(held?.suspect).toBe(true);
    expect(errorOf(() => guard?.release())).toBe('ERR_MUTEX_NOT_OWNER');
    expect(new Mutex(words, 0, 1).tryLock(), 'main still holds it').toBeUndefined();
  });

  test('lockAsync waits for other threads and for other tasks of its own thread', async () => {
    const mutex = new Mutex(sharedWords(1), 0, MAIN);
    let inside = 0;
    const task = async () => {
      using _guard = await mutex.lockAsync(60_000);
      inside++;
      expect(inside).toBe(1);
      inside--;
    };
    await Promise.all(Array.from({ length: 50 }, task));
    using guard = mutex.tryLock();
    expect(guard).toBeDefined();
    await expect(mutex.lockAsync(60_000), 'held by this very turn').rejects.toMatchObject({
      code: 'ERR_MUTEX_REENTRANT',
    });
  });

  test('a wait ends after its timeout, blocking or not', async () => {
    const words = sharedWords(64);
    using _guard = new Mutex(words, 0, MAIN).tryLock();
    await using thread = mutexThread('time-out', words);
    expect(await thread.nextMessage()).toBe('ERR_MUTEX_TIMEOUT');
    const other = new Mutex(words, 0, MAIN + 1);
    await expect(other.lockAsync(5)).rejects.toMatchObject({ code: 'ERR_MUTEX_TIMEOUT' });
  });

  test('a waiter that gave up does not cost the others their wake-up', async () => {
    const words = sharedWords(64);
    const guard = new Mutex(words, 0, MAIN).tryLock();
    const patient = new Mutex(words, 0, MAIN + 1).lockAsync(60_000);
    await expect(new Mutex(words, 0, MAIN + 2).lockAsync(5)).rejects.toThrow(MutexError);
    guard?.release();
    using taken = await patient;
    expect(taken.suspect).toBe(false);
  });

  test('8 threads count correctly under it, whichever way they lock it', async () => {
    const words = sharedWords(64);
    const rounds = effort(10_000, 100_000);
    await runThreads('mutex-thread.ts', 8, (thread) => ({ task: 'count', words, thread, rounds }));
    expect(words[LEFT]).toBe(8 * rounds);
    expect(words[RIGHT]).toBe(8 * rounds);
    expect(words[0], 'free, nobody waiting, nothing suspect').toBe(0);
  });

  test('the main thread takes its turn among 7 blocking threads without blocking', async () => {
    const words = sharedWords(64);
    const rounds = 5_000;
    const threads = runThreads('mutex-thread.ts', 7, (thread) => ({ task: 'count', words, thread, rounds }));
    const mutex = new Mutex(words, 0, MAIN);
    for (let round = 0; round < 200; round++) {
      using _guard = await mutex.lockAsync(60_000);
      const left = words[LEFT] ?? 0;
      expect(words[RIGHT]).toBe(left);
      words[LEFT] = left + 1;
      words[RIGHT] = left + 1;
    }
    await threads;
    expect(words[LEFT]).toBe(7 * rounds + 200);
  });

  test('when an owner is killed while it holds the lock, the others go on and see that the data is suspect', async () => {
    const words = sharedWords(64);
    await using holder = mutexThread('hold', words, 0);
    expect(await holder.nextMessage()).toBe('held');
    await using waiter = mutexThread('blocked', words, 1);
    expect(await waiter.nextMessage()).toBe('about to block');
    const mutex = new Mutex(words, 0, MAIN);
    expect(mutex.tryLock()).toBeUndefined();

    await holder.worker.terminate();
    expect(mutex.tryLock(), 'a death alone frees nothing').toBeUndefined();
    expect(mutex.releaseOwnedBy(1), 'a thread that does not hold it').toBe(false);
    expect(mutex.releaseOwnedBy(0)).toBe(true);
    expect(await waiter.nextMessage(), 'suspect').toBe(true);
    await waiter.exited;

    // The mark outlives those who did nothing about it.
    {
      using guard = mutex.tryLock();
      expect(guard?.suspect).toBe(true);
      words[LEFT] = words[RIGHT] ?? 0;
      guard?.markConsistent();
      expect(guard?.suspect).toBe(false);
    }
    using guard = mutex.tryLock();
    expect(guard?.suspect).toBe(false);
  });

  test('threads killed at any moment, even just after they were woken, block nobody', async () => {
    const words = sharedWords(64);
    const rounds = 1_000_000;
    const main = new Mutex(words, 0, MAIN);
    await using threads = new AsyncDisposableStack();
    const start = (thread: number) => threads.use(mutexThread('count-and-repair', words, thread, rounds));
    const running = Array.from({ length: 4 }, (_, thread) => start(thread));

    for (let kill = 0; kill < 12; kill++) {
      const victim = kill % 4;
      await progressOfAll(words, 4, 20 + kill);
      await running[victim]?.worker.terminate();
      main.releaseOwnedBy(victim);
      running[victim] = start(victim); // Under the dead one's number, which is free again now.
    }
    await progressOfAll(words, 4, 20);
  });
});

/** Waits until each of the threads has finished that many more rounds. */
async function progressOfAll(words: Int32Array, threads: number, rounds: number): Promise<void> {
  for (let thread = 0; thread < threads; thread++) {
    const start = Atomics.load(words, PROGRESS + thread);
    while (Atomics.load(words, PROGRESS + thread) - start < rounds) await turn();
  }
}
