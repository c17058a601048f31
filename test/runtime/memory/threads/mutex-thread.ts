/** One thread of the Mutex stress: counts under the lock, dies with it, or runs out of patience. */
import { parentPort, workerData } from 'node:worker_threads';
import { Mutex, MutexError } from '../../../../src/runtime/memory/synchronization/mutex.ts';
import { sharedWords } from './thread.ts';

export interface MutexTask {
  readonly task: 'count' | 'count-and-repair' | 'hold' | 'time-out' | 'blocked' | 'misuse';
  readonly words: Int32Array;
  readonly thread: number;
  readonly rounds: number;
}

/** Word 0 is the mutex, on a line of its own. It protects plain memory. */
export const LEFT = 16;
export const RIGHT = 17;
/** Word PROGRESS + n counts the rounds that thread n has finished. Not protected. */
export const PROGRESS = 32;

const { task, words, thread, rounds } = workerData as MutexTask;
const mutex = new Mutex(words, 0, thread);
const say = (message: unknown) => parentPort?.postMessage(message);

switch (task) {
  case 'count':
    await count();
    break;
  case 'count-and-repair':
    countAndRepair();
    break;
  case 'hold':
    mutex.lock();
    words[LEFT] = read(LEFT) + 1; // And not RIGHT: half a change.
    say('held');
    sleepForEver();
    break;
  case 'time-out':
    say(codeOf(() => mutex.lock(20)));
    break;
  case 'blocked': {
    say('about to block');
    using guard = mutex.lock();
    say(guard.suspect);
    break;
  }
  case 'misuse':
    say(misuse());
    break;
}

/** Two plain words that are equal whenever nobody holds the lock. All three ways to take it. */
async function count(): Promise<void> {
  const alive = setInterval(() => {}, 60_000); // A pending lockAsync keeps no event loop alive.
  for (let round = 0; round < rounds; round++) {
    using _guard = await take(round);
    const left = read(LEFT);
    if (left !== read(RIGHT)) throw new Error('two threads were inside at once');
    words[LEFT] = left + 1;
    words[RIGHT] = left + 1;
  }
  clearInterval(alive);
}

async function take(round: number) {
  if (round % 16 === 0) return mutex.lockAsync(60_000);
  return (round % 3 === 0 ? mutex.tryLock() : undefined) ?? mutex.lock();
}

function countAndRepair(): void {
  for (let round = 0; round < rounds; round++) {
    using guard = mutex.lock();
    if (guard.suspect) {
      words[LEFT] = read(RIGHT);
      guard.markConsistent();
    }
    const left = read(LEFT);
    if (left !== read(RIGHT)) throw new Error('the data is half-changed, and nobody said so');
    words[LEFT] = left + 1;
    words[RIGHT] = left + 1;
    Atomics.add(words, PROGRESS + thread, 1);
  }
}

/** The error of each misuse, one after another. */
function misuse(): unknown[] {
  const guard = mutex.lock();
  const codes = [codeOf(() => mutex.lock()), codeOf(() => mutex.tryLock())];
  guard.release();
  codes.push(codeOf(() => guard.release()));
  guard[Symbol.dispose](); // The end of a scope after release() is no error.
  codes.push(codeOf(() => guard.suspect));
  return codes;
}

function codeOf(action: () => unknown): unknown {
  try {
    action();
    return 'no error';
  } catch (error) {
    return error instanceof MutexError ? error.code : error;
  }
}

function sleepForEver(): void {
  Atomics.wait(sharedWords(1), 0, 0);
}

function read(index: number): number {
  return words[index] ?? Number.NaN;
}
