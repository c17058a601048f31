/**
 * The shared memory of the hashing line. The main thread makes it before it starts workers, and each worker
 * opens the same one.
 */
import { randomBytes } from 'node:crypto';
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';

/**
 * One of libuv's 4 threads stays free for others. With as many slots as processors a processor would be idle
 * from the end of a hash until JavaScript has sent the next one.
 */
export const PROCESS_SLOTS = 3;
/** In the whole process. */
export const PLACES = 192;
/** Clients whose digests end alike share their turn. A client cannot choose that, because of the seed. */
export const FLOWS = 1024;
/** Those who are known, and the others. */
export const CLASSES = 2;

const ENVIRONMENT_KEY = 'cloudvm.hashing-line';
const SEED_BYTES = 16;

/** Each word is read and written with Atomics alone. The classes that use them say how. */
export interface HashingMemory {
  /** Makes the digests of clients, different ones in each process. */
  readonly seed: Uint8Array;
  readonly leases: BigInt64Array<SharedArrayBuffer>;
  readonly deadlines: BigInt64Array<SharedArrayBuffer>;
  readonly tickets: BigInt64Array<SharedArrayBuffer>;
  readonly clocks: BigInt64Array<SharedArrayBuffer>;
  readonly flowEnds: BigInt64Array<SharedArrayBuffer>;
  readonly calls: Int32Array<SharedArrayBuffer>;
  readonly flows: Int32Array<SharedArrayBuffer>;
  readonly classes: Int32Array<SharedArrayBuffer>;
  /** SEQUENCE_WORD and the others below. */
  readonly words: Int32Array<SharedArrayBuffer>;
}

/** In `words`. */
export const SEQUENCE_WORD = 0;
export const LAST_CLASS_WORD = 1;
export const HASH_MICROSECONDS_WORD = 2;
const WORDS = 3;

/** Makes the line that all workers started from now on share. Called by the main thread. Idempotent. */
export function shareHashingLine(): void {
  if (!(getEnvironmentData(ENVIRONMENT_KEY) instanceof SharedArrayBuffer)) {
    setEnvironmentData(ENVIRONMENT_KEY, makeHashingBuffer(PROCESS_SLOTS));
  }
}

/** That of the process. If none was shared, one with a single slot for this thread alone. */
export function openHashingMemory(): HashingMemory {
  const shared = getEnvironmentData(ENVIRONMENT_KEY);
  return viewHashingMemory(shared instanceof SharedArrayBuffer ? shared : makeHashingBuffer(1));
}

export function makeHashingBuffer(slots: number): SharedArrayBuffer {
  const bigWords = slots + 2 * PLACES + CLASSES + CLASSES * FLOWS;
  const buffer = new SharedArrayBuffer(SEED_BYTES + bigWords * 8 + (3 * PLACES + WORDS) * 4);
  new Uint8Array(buffer, 0, SEED_BYTES).set(randomBytes(SEED_BYTES));
  return buffer;
}

/** @param buffer of `makeHashingBuffer` */
export function viewHashingMemory(buffer: SharedArrayBuffer): HashingMemory {
  const fixed = SEED_BYTES + (2 * PLACES + CLASSES + CLASSES * FLOWS) * 8 + (3 * PLACES + WORDS) * 4;
  const slots = (buffer.byteLength - fixed) / 8;
  let offset = SEED_BYTES;
  const bigWords = (count: number) => {
    const view = new BigInt64Array(buffer, offset, count);
    offset += view.byteLength;
    return view;
  };
  const words = (count: number) => {
    const view = new Int32Array(buffer, offset, count);
    offset += view.byteLength;
    return view;
  };
  return {
    seed: new Uint8Array(buffer, 0, SEED_BYTES),
    leases: bigWords(slots),
    deadlines: bigWords(PLACES),
    tickets: bigWords(PLACES),
    clocks: bigWords(CLASSES),
    flowEnds: bigWords(CLASSES * FLOWS),
    calls: words(PLACES),
    flows: words(PLACES),
    classes: words(PLACES),
    words: words(WORDS),
  };
}
