/**
 * Records which threads began to run which request, in memory that outlives them. The test makes the journal
 * and offers it on a channel. Each worker of the trial application asks for it when it starts (see
 * `openJournal`).
 */

import { randomUUID } from 'node:crypto';
import { BroadcastChannel } from 'node:worker_threads';

/** Words of a request: how often it was begun, whether it is safe, and the first threads that did. */
const RUNS = 0;
const SAFE = 1;
const THREADS = 2;
const MOST_THREADS = 6;
const WORDS = THREADS + MOST_THREADS;

export class Journal implements Disposable {
  readonly name = `journal-${randomUUID()}`;
  readonly #words: Int32Array;
  readonly #channel = new BroadcastChannel(this.name);
  /** Numbers given out. */
  count = 0;

  constructor(requests: number) {
    const memory = new SharedArrayBuffer(requests * WORDS * Int32Array.BYTES_PER_ELEMENT);
    this.#words = new Int32Array(memory);
    this.#channel.onmessage = ({ data }: { readonly data: unknown }) => {
      if (data === 'ask') this.#channel.postMessage(memory);
    };
  }

  nextNumber(): number {
    this.count++;
    if (this.count * WORDS >= this.#words.length) throw new Error('The journal is full');
    return this.count;
  }

  /** Every thread that began to run the request, in order. */
  threadsOf(number: number): number[] {
    const runs = this.#words[number * WORDS + RUNS] ?? 0;
    const first = number * WORDS + THREADS;
    return [...this.#words.subarray(first, first + Math.min(runs, MOST_THREADS))];
  }

  isSafe(number: number): boolean {
    return this.#words[number * WORDS + SAFE] === 1;
  }

  [Symbol.dispose](): void {
    this.#channel.close();
  }
}

/** In a worker. @returns a function that enters a request */
export async function openJournal(
  name: string,
  thread: number,
): Promise<(number: number, isSafe: boolean) => void> {
  const channel = new BroadcastChannel(name);
  const answer = Promise.withResolvers<SharedArrayBuffer>();
  channel.onmessage = ({ data }: { readonly data: unknown }) => {
    if (data instanceof SharedArrayBuffer) answer.resolve(data);
  };
  channel.postMessage('ask');
  const words = new Int32Array(await answer.promise);
  channel.close();
  return (number, isSafe) => {
    const run = Atomics.add(words, number * WORDS + RUNS, 1);
    words[number * WORDS + SAFE] = isSafe ? 1 : 0;
    if (run < MOST_THREADS) words[number * WORDS + THREADS + run] = thread;
  };
}
