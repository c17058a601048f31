/** One thread of the ConditionVariable stress: producer or consumer of a tiny buffer, or a mere waiter. */
import { parentPort, workerData } from 'node:worker_threads';
import { ConditionVariable } from '../../../../src/runtime/memory/synchronization/condition-variable.ts';
import { Mutex, MutexError, type MutexGuard } from '../../../../src/runtime/memory/synchronization/mutex.ts';

export interface ConditionVariableTask {
  readonly task: 'produce' | 'consume' | 'consume-async' | 'wait' | 'time-out' | 'misuse';
  readonly words: Int32Array;
  readonly thread: number;
  readonly rounds: number;
}

// Words 0, 16 and 32 synchronise. The rest is plain memory under the mutex.
const MUTEX = 0;
const NOT_EMPTY = 16;
const NOT_FULL = 32;
const FILLED = 48;
const FIRST = 49;
const SLOTS = 50;
const CAPACITY = 3;
/** RECEIVED + n counts how often value n was consumed. */
const RECEIVED = 64;

const PATIENCE_MS = 30_000;

const { task, words, thread, rounds } = workerData as ConditionVariableTask;
const mutex = new Mutex(words, MUTEX, thread);
const notEmpty = new ConditionVariable(words, NOT_EMPTY);
const notFull = new ConditionVariable(words, NOT_FULL);
const say = (message: unknown) => parentPort?.postMessage(message);

switch (task) {
  case 'produce':
    for (let round = 0; round < rounds; round++) produce(thread * rounds + round);
    break;
  case 'consume':
    for (let round = 0; round < rounds; round++) consume();
    break;
  case 'consume-async': {
    const alive = setInterval(() => {}, 60_000); // A pending waitAsync keeps no event loop alive.
    for (let round = 0; round < rounds; round++) await consumeAsync();
    clearInterval(alive);
    break;
  }
  case 'wait':
    waitOnce();
    break;
  case 'time-out': {
    using guard = mutex.lock();
    const notified = notEmpty.wait(guard, 20);
    say({ notified, lockHeldAfterwards: new Mutex(words, MUTEX, 999).tryLock() === undefined });
    break;
  }
  case 'misuse':
    misuse();
    break;
}

function produce(value: number): void {
  {
    using guard = mutex.lock();
    while (read(FILLED) === CAPACITY) expectNotified(notFull.wait(guard, PATIENCE_MS), 'a producer');
    put(value);
    // Both are allowed: to notify under the mutex, and after it.
    if (value % 2 === 0) notEmpty.notifyOne();
  }
  if (value % 2 !== 0) notEmpty.notifyOne();
}

function consume(): void {
  using guard = mutex.lock();
  while (read(FILLED) === 0) expectNotified(notEmpty.wait(guard, PATIENCE_MS), 'a consumer');
  take(guard);
}

async function consumeAsync(): Promise<void> {
  using guard = await mutex.lockAsync(PATIENCE_MS);
  while (read(FILLED) === 0) {
    expectNotified(await notEmpty.waitAsync(guard, PATIENCE_MS), 'an asynchronous consumer');
  }
  take(guard);
}

function put(value: number): void {
  words[SLOTS + ((read(FIRST) + read(FILLED)) % CAPACITY)] = value;
  words[FILLED] = read(FILLED) + 1;
}

function take(guard: MutexGuard): void {
  if (guard.suspect) throw new Error('nobody died');
  const value = read(SLOTS + read(FIRST));
  words[FIRST] = (read(FIRST) + 1) % CAPACITY;
  words[FILLED] = read(FILLED) - 1;
  words[RECEIVED + value] = read(RECEIVED + value) + 1;
  notFull.notifyOne();
}

/** Says 'waiting' while it holds the mutex, hence before anybody can notify under it. */
function waitOnce(): void {
  using guard = mutex.lock();
  say('waiting');
  const notified = notEmpty.wait(guard, PATIENCE_MS);
  say(notified ? { suspect: guard.suspect } : 'timed out');
}

function misuse(): void {
  const guard = mutex.lock();
  guard.release();
  try {
    notEmpty.wait(guard, 1);
  } catch (error) {
    say(error instanceof MutexError ? error.code : error);
  }
}

function expectNotified(notified: boolean, who: string): void {
  if (!notified) throw new Error(`lost wake-up: ${who} slept ${PATIENCE_MS} ms`);
}

function read(index: number): number {
  return words[index] ?? Number.NaN;
}
