/**
 * Mutual exclusion between threads, whose holder can die without running `finally`. Workers block for it. The
 * main thread only tries, or waits asynchronously. No request needs it, and no holder keeps it across an
 * await or a handler.
 *
 * Protocol: one word of shared memory, zero when free.
 *
 *     bits 0–15   number of the owner plus one, or 0: free
 *     bit 29      SUSPECT: an owner died while it held the lock, until `markConsistent()`
 *     bit 30      CONTENDED: somebody may be asleep on this word
 *
 * Invariants:
 * 1. Only thread n takes the owner bits from 0 to n + 1. Only thread n takes them back to 0, or main after it
 *    has seen the 'exit' of thread n. So while thread n reads its own number there, it holds the lock.
 * 2. A thread sleeps only if, when it looked, the lock was held and marked CONTENDED. So the thread that
 *    frees the word knows whether it has to wake anybody, and an uncontended lock costs no system call.
 * 3. A thread that was woken takes the lock with CONTENDED set, since it cannot know who still sleeps. The
 *    price is at most one notification that reaches nobody.
 * 4. A wake-up can be handed to a thread that dies before it acts on it. So after every 'exit' main wakes
 *    everybody (`releaseOwnedBy`), and those who do not get the lock restore CONTENDED.
 *
 * The lock is not fair: a thread that has just arrived may overtake those that were woken.
 */
import { isMainThread } from 'node:worker_threads';

export type MutexErrorCode =
  | 'ERR_MUTEX_BLOCKS_MAIN'
  | 'ERR_MUTEX_REENTRANT'
  | 'ERR_MUTEX_RELEASED'
  | 'ERR_MUTEX_NOT_OWNER'
  | 'ERR_MUTEX_WAITING'
  | 'ERR_MUTEX_TIMEOUT';

export class MutexError extends Error {
  readonly code: MutexErrorCode;

  constructor(code: MutexErrorCode, message: string) {
    super(message);
    this.name = 'MutexError';
    this.code = code;
  }
}

type Hold = 'synchronously' | 'asynchronously';

/** One object per mutex and thread. It also knows which tasks of its own thread it may wait for. */
export class Mutex {
  readonly #words: Int32Array;
  readonly #index: number;
  readonly #self: number;
  /** How this thread took the lock last. See `#refuseReentry`. */
  #hold: Hold = 'synchronously';

  /**
   * @param words shared memory
   * @param index the mutex's word in `words`. Nothing else touches it
   * @param owner number of this thread, 0 to 65,534. No two living threads share one, and the number of a
   *   thread that died is given away again only after `releaseOwnedBy`.
   */
  constructor(words: Int32Array, index: number, owner: number) {
    if (!Number.isInteger(owner) || owner < 0 || owner >= OWNER_MASK) {
      throw new RangeError(`owner must be an integer from 0 to ${OWNER_MASK - 1}, got ${owner}`);
    }
    // Throws a RangeError now, rather than at the first use, if there is no such word.
    Atomics.load(words, index);
    this.#words = words;
    this.#index = index;
    this.#self = owner + 1;
  }

  /** Takes the lock if it is free at this moment. */
  tryLock(): MutexGuard | undefined {
    this.#refuseReentry('try');
    return this.#take(0, 'synchronously') ? new MutexGuard(this) : undefined;
  }

  /**
   * Takes the lock, blocking this thread until it is free. Workers only.
   * @throws MutexError ERR_MUTEX_TIMEOUT if it did not become free within `timeoutMs`
   */
  lock(timeoutMs: number = Number.POSITIVE_INFINITY): MutexGuard {
    this.acquire(timeoutMs);
    return new MutexGuard(this);
  }

  /**
   * Takes the lock, waiting without blocking. The main thread has no other way to wait. It waits for other
   * tasks of the same thread as for other threads. A pending wait does not keep the thread's event loop
   * alive: a thread with nothing else to do exits without it.
   * @throws MutexError ERR_MUTEX_TIMEOUT if it did not become free within `timeoutMs`
   */
  async lockAsync(timeoutMs: number): Promise<MutexGuard> {
    await this.acquireAsync(timeoutMs);
    return new MutexGuard(this);
  }

  /**
   * Frees the lock if the dead thread `owner` held it, and marks the data suspect. It also passes on a
   * wake-up on which the thread may not have acted. Main calls it after the 'exit' of the thread, for every
   * mutex that the thread could reach, held or not.
   * @returns whether the lock was held by that thread
   */
  releaseOwnedBy(owner: number): boolean {
    for (;;) {
      const word = Atomics.load(this.#words, this.#index);
      const held = (word & OWNER_MASK) === owner + 1;
      // The owner is dead, so only CONTENDED can change meanwhile (invariant 1). Then we try again.
      if (held && Atomics.compareExchange(this.#words, this.#index, word, SUSPECT) !== word) continue;
      Atomics.notify(this.#words, this.#index); // Everybody: invariant 4.
      return held;
    }
  }

  /** For the guard: whether the data may be half-changed. Stable while the caller holds the lock. */
  isSuspect(): boolean {
    return (Atomics.load(this.#words, this.#index) & SUSPECT) !== 0;
  }

  /** For the guard. */
  markConsistent(): void {
    this.#assertOwned();
    Atomics.and(this.#words, this.#index, ~SUSPECT);
  }

  /** For the guard. */
  unlock(): void {
    this.#assertOwned();
    // One step frees the word and tells whether anybody sleeps. A thread that wants to set CONTENDED after
    // this step finds a free word. Its compare-and-swap fails, and it takes the lock instead of sleeping
    // (invariant 2).
    const before = Atomics.and(this.#words, this.#index, SUSPECT);
    if ((before & CONTENDED) !== 0) Atomics.notify(this.#words, this.#index, 1);
  }

  /** `lock` without a guard, for the condition variable, which has one. */
  acquire(timeoutMs: number): void {
    refuseToBlockMain('lock() blocks its thread: the main thread uses tryLock() or lockAsync()');
    this.#refuseReentry('block');
    if (this.#take(0, 'synchronously')) return;
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const contended = this.#takeOrContend('synchronously');
      if (contended === TAKEN) return;
      // We may give up only after CONTENDED is restored, so that a wake-up that we were given is not lost.
      const remaining = deadline - performance.now();
      if (remaining <= 0) throw timeoutError(timeoutMs);
      Atomics.wait(this.#words, this.#index, contended, remaining);
    }
  }

  /** `lockAsync` without a guard, for the condition variable, which has one. */
  async acquireAsync(timeoutMs: number): Promise<void> {
    this.#refuseReentry('wait');
    if (this.#take(0, 'asynchronously')) return;
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const contended = this.#takeOrContend('asynchronously');
      if (contended === TAKEN) return;
      const remaining = deadline - performance.now(); // After CONTENDED is restored, as above.
      if (remaining <= 0) throw timeoutError(timeoutMs);
      const waiting = Atomics.waitAsync(this.#words, this.#index, contended, remaining);
      if (waiting.async) await waiting.value;
    }
  }

  /** One attempt on a free word, keeping SUSPECT. */
  #take(contended: number, how: Hold): boolean {
    for (;;) {
      const word = Atomics.load(this.#words, this.#index);
      if ((word & OWNER_MASK) !== 0) return false;
      const mine = (word & SUSPECT) | this.#self | contended;
      if (Atomics.compareExchange(this.#words, this.#index, word, mine) === word) {
        this.#hold = how;
        return true;
      }
    }
  }

  /** Takes a free word (invariant 3), or sets CONTENDED on a held one and returns the word to sleep on. */
  #takeOrContend(how: Hold): number {
    for (;;) {
      if (this.#take(CONTENDED, how)) return TAKEN;
      const word = Atomics.load(this.#words, this.#index);
      if ((word & OWNER_MASK) === 0) continue;
      const contended = word | CONTENDED;
      // From this step on the owner will notify. If it unlocks before we sleep, the word has changed and
      // the sleep returns at once.
      if (Atomics.compareExchange(this.#words, this.#index, word, contended) === word) return contended;
    }
  }

  /**
   * This thread holds the lock itself, so blocking for it would never end. Waiting for it asynchronously is
   * sound only if another task took it with `lockAsync`. Other tasks of the thread run between the moment
   * when `lockAsync` takes the lock and the moment when its caller goes on. A lock that was taken
   * synchronously is given back within its turn of the event loop, so if it is still held, the caller itself
   * holds it.
   */
  #refuseReentry(attempt: 'try' | 'wait' | 'block'): void {
    if ((Atomics.load(this.#words, this.#index) & OWNER_MASK) !== this.#self) return;
    if (this.#hold === 'asynchronously' && attempt !== 'block') return;
    throw new MutexError('ERR_MUTEX_REENTRANT', 'the mutex is already held by this thread');
  }

  #assertOwned(): void {
    const owner = Atomics.load(this.#words, this.#index) & OWNER_MASK;
    if (owner === this.#self) return;
    const holder = owner === 0 ? 'nobody' : `thread ${owner - 1}`;
    throw new MutexError('ERR_MUTEX_NOT_OWNER', `the mutex is held by ${holder}, not by this thread`);
  }
}

/**
 * The right to use the data that the mutex protects. Hold it with `using`, so that every path out of a scope
 * unlocks.
 */
export class MutexGuard implements Disposable {
  readonly mutex: Mutex;
  #state: 'held' | 'waiting' | 'released' = 'held';

  constructor(mutex: Mutex) {
    this.mutex = mutex;
  }

  /**
   * An owner died while it held the lock, and nobody has called `markConsistent` since: the protected data
   * may be half-changed. Check or rebuild it before relying on it.
   */
  get suspect(): boolean {
    this.#assertHeld();
    return this.mutex.isSuspect();
  }

  /** Says that the protected data was checked or rebuilt. Those who lock later no longer see `suspect`. */
  markConsistent(): void {
    this.#assertHeld();
    this.mutex.markConsistent();
  }

  /** Unlocks before the end of the scope. A second call is an error. */
  release(): void {
    this.#assertHeld();
    this.#state = 'released';
    this.mutex.unlock();
  }

  /** The end of the scope: unlocks unless `release` has done so. */
  [Symbol.dispose](): void {
    if (this.#state !== 'released') this.release();
  }

  /** For the condition variable: gives the lock up for the time of a wait. */
  beginWait(): void {
    this.#assertHeld();
    this.mutex.unlock();
    this.#state = 'waiting';
  }

  /** For the condition variable: the lock is held again. */
  endWait(): void {
    this.#state = 'held';
  }

  #assertHeld(): void {
    if (this.#state === 'held') return;
    if (this.#state === 'released') {
      throw new MutexError('ERR_MUTEX_RELEASED', 'the mutex was already unlocked by this guard');
    }
    throw new MutexError('ERR_MUTEX_WAITING', 'the guard is waiting on a condition variable');
  }
}

/** Node would allow its main thread to block, but then every connection would stand still. */
export function refuseToBlockMain(message: string): void {
  if (isMainThread) throw new MutexError('ERR_MUTEX_BLOCKS_MAIN', message);
}

const OWNER_MASK = 0xffff;
const SUSPECT = 1 << 29;
const CONTENDED = 1 << 30;
/** No held word is 0. */
const TAKEN = 0;

function timeoutError(timeoutMs: number): MutexError {
  return new MutexError('ERR_MUTEX_TIMEOUT', `the mutex was not free within ${timeoutMs} ms`);
}
