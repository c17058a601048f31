/**
 * One worker thread as the main thread sees it: its slot in shared memory, its ring and its port.
 */

import { Worker } from 'node:worker_threads';
import type { SharedMemory } from '../../memory/layout.ts';
import { OutboundRingReader } from '../../memory/workers/outbound-ring-reader.ts';
import { WorkerWords } from '../../memory/workers/worker-words.ts';
import { BELL, type ToMain, type ToWorker, type WorkerStart } from '../../worker/messages.ts';

export interface WorkerHandleOptions {
  readonly shared: SharedMemory;
  readonly start: WorkerStart;
  readonly heapMb: number;
  readonly environment: NodeJS.ProcessEnv;
  readonly onMessage: (worker: WorkerHandle, message: ToMain) => void;
  readonly onExit: (worker: WorkerHandle, exitCode: number, error: Error | null) => void;
}

/** Where a worker is in its life; it only moves forward. */
export type WorkerPhase = 'starting' | 'serving' | 'draining' | 'stuck' | 'ended';

const ENTRY = new URL(
  import.meta.url.endsWith('.ts') ? '../../worker/main.ts' : '../../worker/main.js',
  import.meta.url,
);

export class WorkerHandle {
  readonly slot: number;
  readonly words: WorkerWords;
  readonly ring: OutboundRingReader;
  phase: WorkerPhase = 'starting';
  /** When it began to serve, and when it was found stuck, in milliseconds of performance.now(). */
  servingSince = 0;
  stuckAt = 0;
  /** When the unanswered ping was sent, in milliseconds of performance.now(); 0: it was answered. */
  pingedAt = 0;
  readonly #thread: Worker;
  readonly #gone = Promise.withResolvers<void>();
  #error: Error | null = null;

  constructor(options: WorkerHandleOptions) {
    this.slot = options.start.slot;
    this.words = new WorkerWords(options.shared, this.slot);
    this.words.reset();
    this.ring = new OutboundRingReader(options.shared, this.slot);
    this.#thread = new Worker(ENTRY, {
      name: `worker-${this.slot}`,
      workerData: options.start,
      env: options.environment,
      resourceLimits: { maxOldGenerationSizeMb: options.heapMb },
    });
    this.#thread.on('message', (message: ToMain) => options.onMessage(this, message));
    this.#thread.on('error', (error) => {
      this.#error = error instanceof Error ? error : new Error(String(error));
    });
    this.#thread.on('exit', (code) => {
      options.onExit(this, code, this.#error);
    });
  }

  get threadId(): number {
    return this.#thread.threadId;
  }

  /** Rings the doorbell. The caller has cleared the worker's parked bit, or knows that it waits for something else. */
  wake(): void {
    this.#thread.postMessage(BELL);
  }

  /** Resolves when nothing is to be expected of the worker any more: its thread has ended, or is stuck. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  markGone(): void {
    this.#gone.resolve();
  }

  send(message: ToWorker): void {
    this.#thread.postMessage(message);
  }

  /** After a drain: the worker may have waited for the room that is there now. */
  ringRoomWaited(): void {
    if (this.words.takeRingWait()) this.send(BELL);
  }

  async terminate(): Promise<void> {
    await this.#thread.terminate();
  }
}
