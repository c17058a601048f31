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
 * The process as a whole may have MAX_RSS_MB (rss-limit.ts).
 */

import type { RuntimeLogger } from '../runtime-logger.ts';
import { RssLimit } from './rss-limit.ts';
import type { WorkerHandle, WorkerMemory } from './worker-handle.ts';

/** A worker may hold so many times WORKER_HEAP_MB outside its heap. */
const EXTERNAL_SHARE = 4;
/** Garbage counts until it is collected. So a worker with this share of WORKER_HEAP_MB is asked once more, */
const SUSPICIOUS_SHARE = 1.25;
/** and one with this share needs no second look. */
const EXCESSIVE_SHARE = 1.5;
/** How much the process grows before the workers are asked. */
const GROWTH_MB = 32;
const MB = 1_048_576;

/** The part of a worker that is watched. */
export type MeasuredWorker = Pick<WorkerHandle, 'slot' | 'phase' | 'measure' | 'servingSince'>;

export interface MemoryWatchOptions<W extends MeasuredWorker> {
  readonly heapMb: number;
  /** MAX_RSS_MB. undefined: no limit. */
  readonly maxRssMb: number | undefined;
  readonly workers: () => Iterable<W>;
  readonly logger: RuntimeLogger;
  /** The worker needs too much memory. */
  readonly onTooLarge: (worker: W, details: object) => void;
  /** The process needs too much memory, and the end of this worker frees the most. */
  readonly onLargest: (worker: W, details: object) => void;
  /** In bytes. */
  readonly rss?: () => number;
}

export class MemoryWatch<W extends MeasuredWorker> {
  readonly #options: MemoryWatchOptions<W>;
  readonly #rss: () => number;
  readonly #limit: RssLimit<W> | null;
  /** The memory of the process when the workers were asked for the last time, or less. */
  #calmBytes = 0;
  /** Workers that have not answered yet. */
  readonly #asked = new WeakSet<W>();
  /** What the workers have answered last. */
  readonly #memories = new WeakMap<W, WorkerMemory>();
  /** Workers that were too large when they were asked for the last time. */
  #suspects = new Set<W>();

  constructor(options: MemoryWatchOptions<W>) {
    const { maxRssMb, logger } = options;
    this.#options = options;
    this.#limit = maxRssMb === undefined ? null : new RssLimit(maxRssMb, logger);
    this.#rss = options.rss ?? process.memoryUsage.rss;
  }

  /** Whether the process has more than MAX_RSS_MB, so that new requests are refused. */
  get isShort(): boolean {
    return this.#limit?.isShort ?? false;
  }

  /**
   * Once, when the first worker has started.
   * @throws Error if the process has too much memory already
   */
  begin(): void {
    this.#calmBytes = this.#rss();
    this.#limit?.begin(this.#calmBytes);
  }

  /** @param now milliseconds of performance.now() */
  look(now: number): void {
    const rss = this.#rss();
    this.#limit?.judge(rss, now);
    if (this.#limit !== null) this.#askNew();
    const hasGrown = rss > this.#calmBytes + GROWTH_MB * MB;
    this.#calmBytes = Math.min(this.#calmBytes, rss);
    for (const worker of this.#suspects) if (!isAtWork(worker)) this.#suspects.delete(worker);
    if (!hasGrown && this.#suspects.size === 0 && !this.isShort) return;
    this.#calmBytes = rss;
    for (const worker of this.#options.workers()) void this.#ask(worker);
    if (this.isShort) this.#endLargest(rss, now);
  }

  /** While they are fresh, because the limit has to know how much a fresh worker has. */
  #askNew(): void {
    for (const worker of this.#options.workers()) if (!this.#memories.has(worker)) void this.#ask(worker);
  }

  /** One that hangs in a native call may never answer. It is asked once, and the others go on. */
  async #ask(worker: W): Promise<void> {
    if (this.#asked.has(worker) || !isAtWork(worker)) return;
    this.#asked.add(worker);
    const memory = await worker.measure();
    this.#asked.delete(worker);
    if (memory === null || !isAtWork(worker)) return;
    this.#memories.set(worker, memory);
    this.#limit?.measured(memory);
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

  #endLargest(rss: number, now: number): void {
    const worker = this.#limit?.choose(this.#measuredWorkers(), rss, now);
    const memory = worker && this.#memories.get(worker);
    if (memory) this.#options.onLargest(worker, { ...inMegabytes(memory), maxRssMb: this.#options.maxRssMb });
  }

  *#measuredWorkers(): Generator<readonly [W, WorkerMemory]> {
    for (const worker of this.#options.workers()) {
      const memory = this.#memories.get(worker);
      if (memory !== undefined && isAtWork(worker)) yield [worker, memory];
    }
  }
}

function isAtWork({ phase }: MeasuredWorker): boolean {
  return phase === 'serving' || phase === 'draining';
}

function inMegabytes({ heapBytes, externalBytes }: WorkerMemory): object {
  return { heapMb: Math.round(heapBytes / MB), externalMb: Math.round(externalBytes / MB) };
}
