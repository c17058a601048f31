/**
 * Watches the memory of the workers and of the process, and ends a worker that needs too much. Main thread,
 * called by a timer of its own.
 *
 * V8 enforces a limit of the heap when the limit is reached, and an allocation that is larger than what is
 * left then aborts the whole process. Memory outside the heap, such as that of buffers, has no limit at all.
 * So V8's own limit is HEADROOM times WORKER_HEAP_MB, and main ends a worker whose heap has passed
 * WORKER_HEAP_MB before it comes there. It does the same with memory outside the heap. The README of
 * src/runtime/server has the table of what can be caught.
 *
 * Most of the time one number is read: the memory of the process. Only when that has grown, main asks the
 * workers. Node.js answers for them between two instructions of a handler that never returns.
 *
 * MAX_RSS_MB bounds the process as a whole. Above it new requests get 503, and the worker that has the most
 * memory is ended, one after the other, until enough is free.
 */

import type { RuntimeLogger } from '../runtime-logger.ts';
import type { WorkerHandle, WorkerMemory } from './worker-handle.ts';

/** A worker may hold so many times WORKER_HEAP_MB outside its heap. */
const EXTERNAL_SHARE = 4;
/** Garbage counts until it is collected. So a worker with this share of WORKER_HEAP_MB is asked once more, */
const SUSPICIOUS_SHARE = 1.25;
/** and one with this share needs no second look. */
const EXCESSIVE_SHARE = 1.5;
/** How much the process grows before the workers are asked. */
const GROWTH_MB = 32;
/** Requests are taken again below this share of MAX_RSS_MB. */
const ENOUGH_SHARE = 0.95;
/** Ending a worker takes effect within this time. */
const BETWEEN_ENDS_MS = 1_000;
const MB = 1_048_576;

/** The part of a worker that is watched. */
export type MeasuredWorker = Pick<WorkerHandle, 'slot' | 'phase' | 'measure'>;

export interface MemoryWatchOptions<W extends MeasuredWorker> {
  readonly heapMb: number;
  /** MAX_RSS_MB. undefined: no limit. */
  readonly maxRssMb: number | undefined;
  readonly workers: () => Iterable<W>;
  readonly logger: RuntimeLogger;
  /** The worker needs too much memory. */
  readonly onTooLarge: (worker: W, details: object) => void;
  /** In bytes. */
  readonly rss?: () => number;
}

export class MemoryWatch<W extends MeasuredWorker> {
  readonly #options: MemoryWatchOptions<W>;
  readonly #rss: () => number;
  /** The memory of the process when the workers were asked for the last time, or less. */
  #calmBytes = 0;
  /** Workers that have not answered yet. */
  readonly #asked = new WeakSet<W>();
  /** What the workers have answered last. */
  readonly #memories = new WeakMap<W, WorkerMemory>();
  /** Workers that were too large when they were asked for the last time. */
  #suspects = new Set<W>();
  #isShort = false;
  #lastEnd = Number.NEGATIVE_INFINITY;

  constructor(options: MemoryWatchOptions<W>) {
    this.#options = options;
    this.#rss = options.rss ?? process.memoryUsage.rss;
  }

  /** Whether the process has more than MAX_RSS_MB, so that new requests are refused. */
  get isShort(): boolean {
    return this.#isShort;
  }

  /**
   * Once, when the first worker has started.
   * @throws Error if the process has too much memory already
   */
  begin(): void {
    const { maxRssMb } = this.#options;
    this.#calmBytes = this.#rss();
    const rssMb = Math.round(this.#calmBytes / MB);
    if (maxRssMb !== undefined && rssMb > maxRssMb) {
      throw new Error(
        `MAX_RSS_MB is ${maxRssMb}, and with its first worker the process has ${rssMb} MB already`,
      );
    }
  }

  /** @param now milliseconds of performance.now() */
  look(now: number): void {
    const rss = this.#rss();
    this.#judgeProcess(rss);
    const hasGrown = rss > this.#calmBytes + GROWTH_MB * MB;
    this.#calmBytes = Math.min(this.#calmBytes, rss);
    for (const worker of this.#suspects) if (!isAtWork(worker)) this.#suspects.delete(worker);
    if (!hasGrown && this.#suspects.size === 0 && !this.#isShort) return;
    this.#calmBytes = rss;
    for (const worker of this.#options.workers()) void this.#ask(worker);
    if (this.#isShort) this.#endLargest(now);
  }

  /** One that hangs in a native call may never answer. It is asked once, and the others go on. */
  async #ask(worker: W): Promise<void> {
    if (this.#asked.has(worker) || !isAtWork(worker)) return;
    this.#asked.add(worker);
    const memory = await worker.measure();
    this.#asked.delete(worker);
    if (memory === null || !isAtWork(worker)) return;
    this.#memories.set(worker, memory);
    this.#judgeWorker(worker, memory);
  }

  #judgeWorker(worker: W, memory: WorkerMemory): void {
    const { heapMb, onTooLarge } = this.#options;
    const share = Math.max(memory.heapBytes, memory.externalBytes / EXTERNAL_SHARE) / (heapMb * MB);
    const wasSuspicious = this.#suspects.delete(worker);
    if (share > EXCESSIVE_SHARE || (wasSuspicious && share > SUSPICIOUS_SHARE)) {
      onTooLarge(worker, { ...inMegabytes(memory), limitMb: heapMb });
    } else if (share > SUSPICIOUS_SHARE) {
      this.#suspects.add(worker);
    }
  }

  #judgeProcess(rss: number): void {
    const { maxRssMb, logger } = this.#options;
    if (maxRssMb === undefined) return;
    const details = { rssMb: Math.round(rss / MB), maxRssMb };
    if (!this.#isShort && rss > maxRssMb * MB) {
      this.#isShort = true;
      logger.error(details, 'The process has more memory than MAX_RSS_MB: new requests are refused');
    } else if (this.#isShort && rss < maxRssMb * ENOUGH_SHARE * MB) {
      this.#isShort = false;
      logger.warn(details, 'The process has less memory than MAX_RSS_MB again: requests are taken');
    }
  }

  #endLargest(now: number): void {
    if (now - this.#lastEnd < BETWEEN_ENDS_MS) return;
    const [largest] = [...this.#options.workers()]
      .filter(isAtWork)
      .map((worker) => [worker, this.#memories.get(worker)] as const)
      .filter((entry): entry is readonly [W, WorkerMemory] => entry[1] !== undefined)
      .sort(([, one], [, other]) => total(other) - total(one));
    if (largest === undefined) return;
    this.#lastEnd = now;
    const [worker, memory] = largest;
    this.#options.onTooLarge(worker, { ...inMegabytes(memory), maxRssMb: this.#options.maxRssMb });
  }
}

function isAtWork({ phase }: MeasuredWorker): boolean {
  return phase === 'serving' || phase === 'draining';
}

function total({ heapBytes, externalBytes }: WorkerMemory): number {
  return heapBytes + externalBytes;
}

function inMegabytes({ heapBytes, externalBytes }: WorkerMemory): object {
  return { heapMb: Math.round(heapBytes / MB), externalMb: Math.round(externalBytes / MB) };
}
