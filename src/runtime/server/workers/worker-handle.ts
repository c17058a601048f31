/**
 * One worker thread as the main thread sees it: its slot in shared memory, its ring, its port, and its state.
 * Main thread, made by the supervisor.
 */

import { Worker } from 'node:worker_threads';
import { invariant } from '../../../platform/invariant.ts';
import { standardLog } from '../../../platform/log.ts';
import type { Declarations } from '../../http/declarations.ts';
import type { SharedMemory } from '../../memory/layout.ts';
import { openOutboundRingReader, openWorkerWords } from '../../memory/open.ts';
import type { OutboundRingReader } from '../../memory/workers/outbound-ring-reader.ts';
import { RecentRequests } from '../../memory/workers/recent-requests.ts';
import type { WorkerWords } from '../../memory/workers/worker-words.ts';
import {
  BELL,
  type ToMain,
  type ToWorker,
  type UploadAnswer,
  type UploadMessage,
  type WorkerStart,
} from '../../worker/messages.ts';
import type { RuntimeLogger } from '../runtime-logger.ts';
import { type CauseOfDeath, DIED, STUCK } from './cause-of-death.ts';

export interface WorkerHandleOptions {
  readonly shared: SharedMemory;
  readonly start: WorkerStart;
  readonly heapMb: number;
  readonly environment: NodeJS.ProcessEnv;
  readonly logger: RuntimeLogger;
  /** It has loaded the application, which declares this. */
  readonly onLoaded: (slot: number, declarations: Declarations) => void;
  /** A client of the worker asks for metrics. */
  readonly onCollectMetrics: (worker: WorkerHandle) => void;
  /** The worker rings: it has published something. */
  readonly onBell: () => void;
  /** It says something about a streamed body. */
  readonly onUpload: (message: UploadMessage) => void;
  /** Something was thrown outside any request, or too many handlers never settle. It serves on. */
  readonly onFailing: (worker: WorkerHandle, failure: WorkerFailure) => void;
  readonly onExit: (worker: WorkerHandle, exit: WorkerExit) => void;
}

/** The thread has ended. */
export interface WorkerExit {
  /** Its state before it ended. */
  readonly phase: WorkerPhase;
  readonly code: number;
  readonly error: Error | null;
}

/** Why a worker must be replaced. */
export interface WorkerFailure {
  readonly message: string;
  readonly stack: string;
  /** So many handlers never settle that it is of little use. */
  readonly isExhausted: boolean;
}

/** The memory of one worker, in bytes. */
export interface WorkerMemory {
  /** Of its heap, what is in use. Garbage that was not collected counts. */
  readonly heapBytes: number;
  /** What the process has for its heap, in use or not. */
  readonly committedBytes: number;
  /** Outside its heap, as that of buffers. */
  readonly externalBytes: number;
}

/** V8's limit of a worker's heap, as a multiple of WORKER_HEAP_MB. See memory-watch.ts. */
const HEADROOM = 4;

/** The state of a worker. It only moves forward. */
export type WorkerPhase = 'starting' | 'serving' | 'draining' | 'stuck' | 'ended';

/**
 * V8 lets the young generation of each isolate grow as far as it may, and seldom gives memory back. A small
 * one costs time if many requests are in flight on one worker, because what is still in use is copied. The
 * README of src/runtime/server has the measurements.
 */
const YOUNG_GENERATION_MB = 16;

const ENTRY = new URL('../../worker/main.ts', import.meta.url);

export class WorkerHandle {
  readonly slot: number;
  readonly words: WorkerWords;
  readonly ring: OutboundRingReader;
  readonly recent: RecentRequests;
  readonly #options: WorkerHandleOptions;
  readonly #thread: Worker;
  readonly #started = Promise.withResolvers<void>();
  readonly #gone = Promise.withResolvers<void>();
  #prepared: PromiseWithResolvers<void> | null = null;
  #phase: WorkerPhase = 'starting';
  #servingSince = 0;
  #drainingSince = 0;
  #stuckSince = 0;
  #failure: WorkerFailure | null = null;
  #cause: CauseOfDeath = DIED;
  /** When the unanswered ping was sent, or 0 if there is none. */
  #pingedAt = 0;
  /** What it said in its last sign of life, and when. */
  #pong: { readonly heapBytes: number; readonly externalBytes: number; readonly time: number } | null = null;

  constructor(options: WorkerHandleOptions) {
    this.#options = options;
    this.slot = options.start.slot;
    this.words = openWorkerWords(options.shared, this.slot);
    this.words.reset();
    this.recent = new RecentRequests(options.shared, this.slot);
    this.recent.clear();
    this.ring = openOutboundRingReader(options.shared, this.slot);
    // The thread sends its lines of the log only if the log is there before it starts.
    standardLog();
    this.#thread = new Worker(ENTRY, {
      name: `worker-${this.slot}`,
      workerData: options.start,
      env: options.environment,
      resourceLimits: {
        maxOldGenerationSizeMb: options.heapMb * HEADROOM,
        maxYoungGenerationSizeMb: YOUNG_GENERATION_MB,
      },
    });
    let lastError: Error | null = null;
    this.#thread.on('message', (message: ToMain) => this.#onMessage(message));
    this.#thread.on('error', (error) => {
      lastError = error instanceof Error ? error : new Error(String(error));
    });
    this.#thread.on('exit', (code) => this.#onExit(code, lastError));
  }

  // ---- Its life ----

  get phase(): WorkerPhase {
    return this.#phase;
  }

  /**
   * Resolves when it has loaded and started the application. Rejects with its error, or when it has ended.
   */
  get started(): Promise<void> {
    return this.#started.promise;
  }

  /** Gives up a worker that takes too long to start, or whose start was overtaken. */
  giveUp(error: Error): void {
    this.#rejectStart(error);
    this.markStuck(performance.now());
    this.terminate();
  }

  /** Resolves when its thread has ended or is stuck, so that it will do nothing more. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  /** When it began to serve, in milliseconds of performance.now(). */
  get servingSince(): number {
    return this.#servingSince;
  }

  /** Why it is to be replaced, or null if all is well with it. */
  get failure(): WorkerFailure | null {
    return this.#failure;
  }

  /** It has failed, and serves on until it has a replacement. */
  markFailing(failure: WorkerFailure): void {
    this.#failure = failure;
  }

  /** When it began to drain, in milliseconds of performance.now(). */
  get drainingSince(): number {
    return this.#drainingSince;
  }

  /** Why its requests are not answered, if it has ended or was ended. */
  get cause(): CauseOfDeath {
    return this.#cause;
  }

  /** How long it has been stuck, in milliseconds. */
  stuckFor(now: number): number {
    return this.#phase === 'stuck' ? now - this.#stuckSince : 0;
  }

  /** Lets it run the application's `prepare`. Rejects with its error, or when it has ended. */
  prepare(): Promise<void> {
    this.#prepared = Promise.withResolvers<void>();
    this.send({ type: 'prepare' });
    return this.#prepared.promise;
  }

  /** It takes part from now on. */
  serve(now: number): void {
    invariant(this.#phase === 'starting', 'A worker begins to serve once.');
    this.#phase = 'serving';
    this.#servingSince = now;
    this.send({ type: 'serve-all' });
  }

  /** It takes no more requests, finishes those it has, and ends. */
  drain(): void {
    if (this.#phase === 'serving' || this.#phase === 'starting') {
      this.#phase = 'draining';
      this.#drainingSince = performance.now();
    }
    this.send({ type: 'drain' });
  }

  /** @param cause why it is being ended */
  markStuck(now: number, cause: CauseOfDeath = STUCK): void {
    this.#phase = 'stuck';
    this.#stuckSince = now;
    this.#cause = cause;
    this.#gone.resolve();
  }

  /** Ends the thread at once, or when its native call returns. Does not wait for the end. */
  terminate(): void {
    this.#thread.terminate().catch((error: unknown) => {
      this.#options.logger.error({ error, worker: this.slot }, 'A worker could not be terminated');
    });
  }

  // ---- What main tells it ----

  send(message: ToWorker): void {
    this.#thread.postMessage(message);
  }

  /** The bytes of a piece move to the worker. */
  sendUpload(answer: UploadAnswer): void {
    const bytes = answer.type === 'body' ? answer.bytes : null;
    this.#thread.postMessage(answer, bytes === null ? [] : [bytes.buffer as ArrayBuffer]);
  }

  /**
   * Rings the doorbell. The caller has cleared the worker's parked bit, or knows that the worker waits for
   * credit or room.
   */
  wake(): void {
    this.#thread.postMessage(BELL);
  }

  /** After a drain: rings the worker if it waits for room in its ring. */
  ringRoomWaited(): void {
    if (this.words.takeRingWait()) this.send(BELL);
  }

  /**
   * Asks for a sign of life, unless an earlier ping is unanswered.
   * @returns how long the answer has been owed, in milliseconds
   */
  ping(now: number): number {
    if (this.#pingedAt !== 0) return now - this.#pingedAt;
    this.#pingedAt = now;
    this.send({ type: 'ping' });
    return 0;
  }

  /** @returns its memory now, or null if it has ended. A handler that runs does not delay the answer */
  async measure(): Promise<WorkerMemory | null> {
    try {
      const statistics = await this.#thread.getHeapStatistics();
      return {
        heapBytes: statistics.used_heap_size,
        committedBytes: statistics.total_physical_size,
        externalBytes: statistics.external_memory,
      };
    } catch {
      return null;
    }
  }

  /** The memory that it had at its last sign of life, or null if there was none yet. */
  get lastMemory(): Omit<WorkerMemory, 'committedBytes'> | null {
    return this.#pong;
  }

  /** The same for the log. */
  heartbeat(now: number): object {
    if (this.#pong === null) return {};
    const { heapBytes, externalBytes, time } = this.#pong;
    return {
      heapMb: megabytes(heapBytes),
      externalMb: megabytes(externalBytes),
      heartbeatAgoMs: Math.round(now - time),
    };
  }

  /** The time of an unanswered ping counts from now on. */
  excuse(now: number): void {
    if (this.#pingedAt !== 0) this.#pingedAt = now;
  }

  // ---- What it tells main ----

  #onMessage(message: ToMain): void {
    if (typeof message === 'number') {
      this.#options.onBell();
      return;
    }
    switch (message.type) {
      case 'pong':
        invariant(this.#pingedAt !== 0, 'A worker answers a ping once.');
        this.#pingedAt = 0;
        this.#pong = { ...message, time: performance.now() };
        break;
      case 'started':
        this.#options.onLoaded(this.slot, message.declarations);
        this.#started.resolve();
        break;
      case 'prepared':
        invariant(this.#prepared !== null, 'A worker prepares when it is told to.');
        this.#prepared?.resolve();
        break;
      case 'collect-metrics':
        this.#options.onCollectMetrics(this);
        break;
      case 'failed':
        this.#rejectStart(Object.assign(new Error(message.message), { stack: message.stack }));
        break;
      case 'failing':
        this.#options.onFailing(this, message);
        break;
      case 'body-wanted':
      case 'body-ended':
        this.#options.onUpload(message);
        break;
      case 'log':
        standardLog().receive(message);
        break;
    }
  }

  #onExit(code: number, error: Error | null): void {
    const phase = this.#phase;
    this.#phase = 'ended';
    this.#gone.resolve();
    this.#rejectStart(error ?? new Error(`The worker ended with exit code ${code} while starting`));
    this.#options.onExit(this, { phase, code, error });
  }

  #rejectStart(error: Error): void {
    this.#started.reject(error);
    this.#prepared?.reject(error);
  }
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1_048_576);
}
