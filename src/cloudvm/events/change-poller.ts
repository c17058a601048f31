/**
 * Reads the changes of all users for whom somebody in this process listens. One worker of a process does it
 * at a time: whoever holds the lock. The lock passes to another one when its holder has no listener any more,
 * and when its thread ends, however it ends (Web Locks API).
 *
 * A change may become visible later than others with a later time, so each read begins a while before the
 * end of the one before it (OVERLAP_MS), and what was sent already is dropped.
 *
 * Reads follow each other at an interval. A write of this process, and a change stream where the server has
 * them, bring the next one forward. The stream only wakes: what is sent is read from the documents in either
 * case, so both ways are one.
 */
import { locks } from 'node:worker_threads';
import type { Change } from './change.ts';
import type { ChangeReader } from './change-reader.ts';
import { OVERLAP_MS } from './event-id.ts';

/** From one read to the next, if nobody has written in this process. */
const POLL_INTERVAL_MS = 500;
/** Writes that follow each other closely are read together. */
const SHORTEST_INTERVAL_MS = 20;
/** Users in one query. */
const MAX_OWNERS = 100;
/** After a failed read. */
const RETRY_MS = 1_000;

export interface ChangePollerOptions {
  readonly reader: Pick<ChangeReader, 'read'>;
  readonly lockName: string;
  /** The users for whom somebody listens, in all workers. */
  readonly ownerIds: () => readonly string[];
  /** Called after each read, on the worker that holds the lock. */
  readonly onRead: (until: number, changes: readonly Change[]) => void;
  readonly onError: (error: unknown) => void;
  /** Calls `wake` whenever something changes in the database, and does nothing where it cannot know. */
  readonly watch: (wake: () => void) => AsyncDisposable;
  readonly pollIntervalMs?: number;
}

export class ChangePoller {
  readonly #options: Required<ChangePollerOptions>;
  /** By key, the time of what was sent. */
  readonly #sent = new Map<string, number>();
  #wake: (() => void) | undefined;
  #isWoken = false;

  constructor(options: ChangePollerOptions) {
    this.#options = { pollIntervalMs: POLL_INTERVAL_MS, ...options };
  }

  /** The next read need not wait for the interval. */
  wake(): void {
    this.#isWoken = true;
    this.#wake?.();
  }

  /**
   * Waits for the lock, then reads until the signal is aborted. Never rejects.
   * @param since is called when the lock is held: from when on nobody has read
   */
  async run(since: () => number, signal: AbortSignal): Promise<void> {
    try {
      await locks.request(this.#options.lockName, { signal }, () => this.#readAll(since(), signal));
    } catch (error) {
      if (!signal.aborted) this.#options.onError(error);
    }
  }

  async #readAll(since: number, signal: AbortSignal): Promise<void> {
    await using _watch = this.#options.watch(() => this.wake());
    signal.addEventListener('abort', () => this.wake(), { once: true });
    let until = since;
    while (!signal.aborted) {
      this.#isWoken = false;
      const begun = Date.now();
      const isRead = await this.#readOnce(until);
      if (isRead) until = begun;
      await this.#pause(SHORTEST_INTERVAL_MS, false);
      await this.#pause(isRead ? this.#options.pollIntervalMs : RETRY_MS, true);
    }
  }

  /** @returns whether it worked */
  async #readOnce(until: number): Promise<boolean> {
    const { reader, ownerIds, onRead, onError } = this.#options;
    const begun = Date.now();
    try {
      const listened = ownerIds();
      for (let first = 0; first < listened.length; first += MAX_OWNERS) {
        const owners = listened.slice(first, first + MAX_OWNERS);
        let since: number | undefined = until - OVERLAP_MS;
        while (since !== undefined) {
          const read: Awaited<ReturnType<ChangeReader['read']>> = await reader.read(owners, since);
          // Until the last page was read, another poller would have to read them all again.
          onRead(
            until,
            read.changes.filter((change) => this.#isNew(change)),
          );
          since = read.moreSince;
        }
      }
      this.#forget(until - 2 * OVERLAP_MS);
      onRead(begun, []);
      return true;
    } catch (error) {
      onError(error);
      return false;
    }
  }

  #isNew({ key, time }: Change): boolean {
    if (this.#sent.has(key)) return false;
    this.#sent.set(key, time);
    return true;
  }

  /** What no read sees again. */
  #forget(before: number): void {
    for (const [key, time] of this.#sent) if (time < before) this.#sent.delete(key);
  }

  async #pause(milliseconds: number, isWakeable: boolean): Promise<void> {
    if (isWakeable && this.#isWoken) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, milliseconds);
    if (isWakeable) this.#wake = resolve;
    await promise;
    this.#wake = undefined;
    clearTimeout(timer);
  }
}
