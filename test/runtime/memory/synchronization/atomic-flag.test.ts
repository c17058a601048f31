import { describe, expect, test } from 'vitest';
import { AtomicFlag } from '../../../../src/runtime/memory/synchronization/atomic-flag.ts';
import { runThreads, sharedWords, TestThread } from '../threads/thread.ts';

describe('AtomicFlag', () => {
  test('is clear in zeroed memory, and set and cleared by any object over the same word', () => {
    const words = sharedWords(2);
    const one = new AtomicFlag(words, 1);
    const other = new AtomicFlag(words, 1);
    expect(one.isSet()).toBe(false);
    other.set();
    other.set();
    expect(one.isSet()).toBe(true);
    one.clear();
    expect(other.isSet()).toBe(false);
    expect(words[0], 'the neighbouring word is untouched').toBe(0);
  });

  test('testAndSet says whether the flag was set before', () => {
    const flag = new AtomicFlag(sharedWords(1), 0);
    expect(flag.testAndSet()).toBe(false);
    expect(flag.testAndSet()).toBe(true);
    flag.clear();
    expect(flag.testAndSet()).toBe(false);
  });

  test('refuses an index outside the memory', () => {
    expect(() => new AtomicFlag(sharedWords(1), 1)).toThrow(RangeError);
  });

  test('waitAsync ends with the change, and at once if the flag has changed before', async () => {
    const flag = new AtomicFlag(sharedWords(1), 0);
    const waiting = flag.waitAsync(60_000);
    flag.set();
    expect(await waiting).toBe(true);
    expect(await flag.waitAsync(60_000, false), 'it was set before the wait began').toBe(true);
  });

  test('a wait ends after its timeout', async () => {
    const flag = new AtomicFlag(sharedWords(1), 0);
    expect(await flag.waitAsync(5)).toBe(false);
    expect(flag.wait(5)).toBe(false);
    expect(flag.wait(60_000, true), 'it was already clear').toBe(true);
  });

  test('all threads that wait are woken by one change', async () => {
    const words = sharedWords(1);
    await using threads = new AsyncDisposableStack();
    const waiters = Array.from({ length: 8 }, (_, thread) =>
      threads.use(
        new TestThread('atomic-flag-thread.ts', { task: 'wait-until-set', words, thread, rounds: 1 }),
      ),
    );
    for (const waiter of waiters) expect(await waiter.nextMessage()).toBe('waiting');
    new AtomicFlag(words, 0).set();
    for (const waiter of waiters) expect(await waiter.nextMessage()).toBe(true);
  });

  test('of 8 threads, exactly one wins each flag', async () => {
    const rounds = 20_000;
    const words = sharedWords(rounds + 8);
    await runThreads('atomic-flag-thread.ts', 8, (thread) => ({ task: 'race', words, thread, rounds }));
    const wins = words.subarray(rounds).reduce((sum, count) => sum + count, 0);
    expect(wins).toBe(rounds);
    expect(words.subarray(0, rounds).every((flag) => flag === 1)).toBe(true);
  });

  test('two threads that wait for each other 20,000 times lose no wake-up', async () => {
    const words = sharedWords(1);
    const rounds = 20_000;
    await runThreads('atomic-flag-thread.ts', 2, (thread) => ({ task: 'follow', words, thread, rounds }));
    expect(words[0], 'the last one to move it cleared it').toBe(0);
  });
});
