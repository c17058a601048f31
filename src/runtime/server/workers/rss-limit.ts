/**
 * MAX_RSS_MB: the memory that the process as a whole may have. Main thread, called by memory-watch.ts.
 *
 * Above it new requests get 503, and the worker that has the most memory is ended, one after the other, until
 * enough is free. Nobody knows what has taken the memory, so no route is blamed.
 *
 * The end of a worker must have a hope to help. What it frees is what the worker has more than a fresh one.
 * If that is little for every worker, none is ended, and the log says so: the limit is too low for the
 * process, or the memory is not that of its workers. And if the replacement of a worker becomes as large
 * while requests are refused, as one does that fills a cache by itself, it is ended later each time.
 */

import type { RuntimeLogger } from '../runtime-logger.ts';
import type { WorkerHandle, WorkerMemory } from './worker-handle.ts';

/** Requests are taken again below this share of MAX_RSS_MB. */
const ENOUGH_SHARE = 0.95;
/** What the end of a worker must free. A fresh worker varies by less. */
const LEAST_GAIN_MB = 32;
/** Ending a worker takes effect within this time. */
const BETWEEN_ENDS_MS = 1_000;
const LONGEST_BETWEEN_ENDS_MS = 300_000;
const MB = 1_048_576;

/** The part of a worker that is judged. */
export type LimitedWorker = Pick<WorkerHandle, 'servingSince'>;

export class RssLimit<W extends LimitedWorker> {
  readonly #maxRssMb: number;
  readonly #logger: RuntimeLogger;
  /** The least memory that a worker has had, in bytes: that of a fresh one. */
  #freshBytes = Number.POSITIVE_INFINITY;
  #isShort = false;
  #shortSince = 0;
  #nextEnd = 0;
  #betweenEndsMs = BETWEEN_ENDS_MS;
  #hasSaidThatNothingHelps = false;

  constructor(maxRssMb: number, logger: RuntimeLogger) {
    this.#maxRssMb = maxRssMb;
    this.#logger = logger;
  }

  /** Whether the process has too much memory, so that new requests are refused. */
  get isShort(): boolean {
    return this.#isShort;
  }

  /**
   * The first worker has started.
   * @param rss in bytes
   * @throws Error if the process has too much memory already
   */
  begin(rss: number): void {
    if (rss <= this.#maxRssMb * MB) return;
    const rssMb = Math.round(rss / MB);
    throw new Error(
      `MAX_RSS_MB is ${this.#maxRssMb}, and with its first worker the process has ${rssMb} MB already`,
    );
  }

  /** A worker has so much memory. */
  measured(memory: WorkerMemory): void {
    this.#freshBytes = Math.min(this.#freshBytes, total(memory));
  }

  /**
   * @param rss in bytes
   * @param now milliseconds of performance.now()
   */
  judge(rss: number, now: number): void {
    const details = this.#details(rss);
    if (!this.#isShort && rss > this.#maxRssMb * MB) {
      this.#isShort = true;
      this.#shortSince = now;
      this.#nextEnd = Math.max(this.#nextEnd, now);
      this.#betweenEndsMs = BETWEEN_ENDS_MS;
      this.#hasSaidThatNothingHelps = false;
      this.#logger.error(details, 'The process has more memory than MAX_RSS_MB: new requests are refused');
    } else if (this.#isShort && rss < this.#maxRssMb * ENOUGH_SHARE * MB) {
      this.#isShort = false;
      this.#logger.warn(details, 'The process has less memory than MAX_RSS_MB again: requests are taken');
    }
  }

  /**
   * While memory is short.
   * @param workers with the memory that each had last
   * @returns the worker whose end frees the most, or undefined if none is to be ended now
   */
  choose(workers: Iterable<readonly [W, WorkerMemory]>, rss: number, now: number): W | undefined {
    if (now < this.#nextEnd) return undefined;
    let largest: W | undefined;
    let largestBytes = 0;
    for (const [worker, memory] of workers) {
      if (total(memory) <= largestBytes) continue;
      largest = worker;
      largestBytes = total(memory);
    }
    const gain = largestBytes - this.#freshBytes;
    if (largest === undefined || gain < LEAST_GAIN_MB * MB) {
      this.#sayThatNothingHelps(rss, largestBytes, now);
      return undefined;
    }
    if (largest.servingSince > this.#shortSince) this.#waitLonger();
    this.#nextEnd = now + this.#betweenEndsMs;
    return largest;
  }

  #waitLonger(): void {
    this.#betweenEndsMs = Math.min(2 * this.#betweenEndsMs, LONGEST_BETWEEN_ENDS_MS);
  }

  /** The workers have had time to tell what they have. */
  #sayThatNothingHelps(rss: number, largestBytes: number, now: number): void {
    if (this.#hasSaidThatNothingHelps || now - this.#shortSince < BETWEEN_ENDS_MS) return;
    this.#hasSaidThatNothingHelps = true;
    this.#logger.error(
      { ...this.#details(rss), largestWorkerMb: Math.round(largestBytes / MB) },
      'No worker has much more memory than a fresh one, so none is ended: MAX_RSS_MB is too low, or the memory ' +
        'is not that of the workers',
    );
  }

  #details(rss: number): object {
    return { rssMb: Math.round(rss / MB), maxRssMb: this.#maxRssMb };
  }
}

/** What the process has for a worker. */
function total({ committedBytes, externalBytes }: WorkerMemory): number {
  return committedBytes + externalBytes;
}
