/**
 * The layout of the one shared WebAssembly.Memory. The main thread computes it once from the settings and
 * hands it to every worker, so both sides use the same addresses.
 *
 * The memory has its full size from the start and never grows, because views made before a growth would go
 * stale. Untouched pages cost nothing.
 */

import { CACHE_LINE_BYTES, LINE_WORDS, WORD_BYTES } from './protocol.ts';
import { BUCKETS } from './workers/stage-histogram.ts';
import { STAGES } from './workers/stages.ts';

const PAGE_BYTES = 65_536;

/** Threads that may exist besides the pool, because a replacement starts before the old thread has ended. */
export const SPARE_SLOTS = 4;

/** Static data of the core instances. Each writes the same constants there again (see asconfig.json). */
const CORE_STATIC_BYTES = PAGE_BYTES;

/** Control words of the whole process, as lines from the start of the control region. */
const CONTROL = {
  running: 0,
  queueHead: 1,
  queueTail: 2,
  mainBell: 3,
  parked: 4,
  serving: 5,
  deadlinesSuspended: 6,
  stopping: 7,
  outboundHeld: 8,
} as const;
const CONTROL_LINES = 9;

/** Control lines of one worker slot. See workers/worker-words.ts for who writes them. */
export const WORKER_LINES = 4;

/** Routes with a mean time, and a word that can cut them off. See workers/route-times.ts. */
export const TIMED_ROUTES = 1_024;

/** Places for the counts of requests in the table of each thread. See workers/request-counts.ts. */
export const REQUEST_PLACES = 256;
/** A line of durations, and a word for each status from 200 to 599. */
export const REQUEST_PLACE_WORDS = 26 * LINE_WORDS;

/** Counters and gauges that an application may declare. See workers/application-meters.ts. */
export const APPLICATION_METERS = 128;

/** A histogram for each stage of a request, in the table of each thread. See workers/stage-times.ts. */
export const STAGE_TABLE_WORDS = STAGES.length * BUCKETS;

/** Clients whose requests are counted, in sets of one cache line. See clients/rate-limit-table.ts. */
export const RATE_LIMIT_SETS = 8_192;
export const RATE_LIMIT_WAYS = 8;
export const RATE_LIMIT_SEED_BYTES = 32;

/** Words before the flags of the start gate: a mutex and a condition variable. */
export const START_GATE_WORDS = 2;

/** Words of one entry of the connection table, two lines. See connections/connection-table.ts. */
export const CONNECTION_WORDS = 32;

export interface LayoutOptions {
  /** Worker threads in the pool. */
  readonly workers: number;
  /** Simultaneous connections, including those that are closed but not given back. */
  readonly connections: number;
  /** Bytes for inbound buffers. */
  readonly inboundBytes: number;
  /** Bytes of each worker's outbound ring: a power of two. */
  readonly ringBytes: number;
  /** Bytes of each core's region: parse record and route tree. */
  readonly coreBytes: number;
}

/** Names ending in `Word` are indexes of 32-bit words, names ending in `Address` are byte addresses. */
export interface Layout extends LayoutOptions {
  readonly slots: number;
  readonly pages: number;
  readonly runningWord: number;
  readonly queueHeadWord: number;
  readonly queueTailWord: number;
  readonly mainBellWord: number;
  /** See synchronization/start-gate.ts. */
  readonly startGateWord: number;
  readonly servingWord: number;
  readonly deadlinesSuspendedWord: number;
  readonly stoppingWord: number;
  /** Kilobytes of responses in the queues of sockets. Main writes it, and workers read it. */
  readonly outboundHeldWord: number;
  readonly parkedWord: number;
  readonly parkedWords: number;
  readonly workerWord: number;
  readonly connectionWord: number;
  readonly queueWord: number;
  /** Entries of the ready queue: a power of two, more than there are connections. */
  readonly queueCapacity: number;
  readonly routeWord: number;
  readonly cutOffWord: number;
  /** A table for each slot, and after them that of main. */
  readonly requestCountWord: number;
  /** The meters of each slot. */
  readonly meterWord: number;
  /** The times of stages of each slot, and after them those of main. */
  readonly stageWord: number;
  readonly rateLimitSeedAddress: number;
  readonly rateLimitAddress: number;
  readonly coreAddress: number;
  readonly ringAddress: number;
  readonly ringControlWord: number;
  readonly inboundAddress: number;
}

/** Lines of a ring: its two counters, and the words from which an unpublished record can be salvaged. */
export const RING_CONTROL_LINES = 3;

function nextPowerOfTwo(value: number): number {
  return 2 ** Math.ceil(Math.log2(value));
}

/** Hands out consecutive regions, each starting on a cache line. */
class Regions {
  #end = CORE_STATIC_BYTES;

  take(bytes: number): number {
    const start = this.#end;
    this.#end = Math.ceil((start + bytes) / CACHE_LINE_BYTES) * CACHE_LINE_BYTES;
    return start;
  }

  takeWords(words: number): number {
    return this.take(words * WORD_BYTES) / WORD_BYTES;
  }

  get pages(): number {
    return Math.ceil(this.#end / PAGE_BYTES);
  }
}

export function computeLayout(options: LayoutOptions): Layout {
  const slots = options.workers + SPARE_SLOTS;
  const regions = new Regions();
  const control = regions.takeWords(CONTROL_LINES * LINE_WORDS);
  const line = (number: number) => control + number * LINE_WORDS;
  const queueCapacity = nextPowerOfTwo(options.connections + 1);
  return {
    ...options,
    slots,
    runningWord: line(CONTROL.running),
    queueHeadWord: line(CONTROL.queueHead),
    queueTailWord: line(CONTROL.queueTail),
    mainBellWord: line(CONTROL.mainBell),
    startGateWord: regions.takeWords(START_GATE_WORDS + slots),
    servingWord: line(CONTROL.serving),
    deadlinesSuspendedWord: line(CONTROL.deadlinesSuspended),
    stoppingWord: line(CONTROL.stopping),
    outboundHeldWord: line(CONTROL.outboundHeld),
    parkedWord: line(CONTROL.parked),
    parkedWords: Math.ceil(slots / 32),
    workerWord: regions.takeWords(slots * WORKER_LINES * LINE_WORDS),
    connectionWord: regions.takeWords(options.connections * CONNECTION_WORDS),
    queueCapacity,
    queueWord: regions.takeWords(queueCapacity),
    routeWord: regions.takeWords(TIMED_ROUTES),
    cutOffWord: regions.takeWords(TIMED_ROUTES),
    requestCountWord: regions.takeWords((slots + 1) * REQUEST_PLACES * REQUEST_PLACE_WORDS),
    meterWord: regions.takeWords(slots * APPLICATION_METERS),
    stageWord: regions.takeWords((slots + 1) * STAGE_TABLE_WORDS),
    rateLimitSeedAddress: regions.take(RATE_LIMIT_SEED_BYTES),
    rateLimitAddress: regions.take(RATE_LIMIT_SETS * RATE_LIMIT_WAYS * 8),
    coreAddress: regions.take(slots * options.coreBytes),
    ringControlWord: regions.takeWords(slots * RING_CONTROL_LINES * LINE_WORDS),
    ringAddress: regions.take(slots * options.ringBytes),
    inboundAddress: regions.take(options.inboundBytes),
    pages: regions.pages,
  };
}

/** The word where the control lines of a worker slot begin. */
export function workerLine(layout: Layout, slot: number, line: number): number {
  return layout.workerWord + (slot * WORKER_LINES + line) * LINE_WORDS;
}

/** The first word of a control line (0: head, 1: tail, 2: salvage) of a slot's outbound ring. */
export function ringLine(layout: Layout, slot: number, line: 0 | 1 | 2): number {
  return layout.ringControlWord + (slot * RING_CONTROL_LINES + line) * LINE_WORDS;
}

/** The shared memory with the views that everyone needs, made once per thread. */
export interface SharedMemory {
  readonly memory: WebAssembly.Memory;
  readonly layout: Layout;
  readonly words: Int32Array<SharedArrayBuffer>;
  readonly bytes: Buffer<SharedArrayBuffer>;
}

/** Allocates the memory. Main thread, once. */
export function allocateMemory(layout: Layout): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: layout.pages, maximum: layout.pages, shared: true });
}

export function viewMemory(memory: WebAssembly.Memory, layout: Layout): SharedMemory {
  return { memory, layout, words: new Int32Array(memory.buffer), bytes: Buffer.from(memory.buffer) };
}
