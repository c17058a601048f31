/**
 * The line of those who want a password hashed, one for all workers. Who is next depends on their tickets
 * alone, not on the worker that they came to. Passwords uses it.
 *
 * A waiter sleeps on a word of its own. Whoever gives a slot back, or leaves the line while a slot is free,
 * calls the one whose turn it is. No call is lost: a waiter takes its place before it looks for a slot, and a
 * slot is free before its holder looks for a waiter. So one of the two sees the other.
 *
 * If the one whose turn it is does not come, its worker is dead or busy. The others look by themselves after
 * a moment, and then whoever finds a free slot may take it.
 */
import { createHash } from 'node:crypto';
import { FairTickets } from './fair-tickets.ts';
import { HASH_MICROSECONDS_WORD, type HashingMemory, openHashingMemory, PLACES } from './hashing-memory.ts';
import { type HashingSlot, HashingSlots } from './hashing-slots.ts';
import { KNOWN, OTHERS, WaitingPlaces } from './waiting-places.ts';

/** Half of the time that a handler has by default. The line is fair, so patience costs others nothing. */
const MAX_WAIT_MS = 15_000;
/** How long a waiter sleeps before it looks by itself. */
const LOOK_AGAIN_MS = 250;
/** A place outlives its waiter's patience, so that nobody else takes it meanwhile. */
const PLACE_SLACK_MS = 2_000;
const FIRST_ESTIMATE_MICROSECONDS = 40_000;
const WEIGHT_OF_LAST = 1 / 8;
/** Half of its handlers, unless MAX_IN_FLIGHT is set. */
const PLACES_OF_ONE_WORKER = 32;

/** Too many wait, or this one has waited for too long. */
export class HashingLineFullError extends Error {
  readonly code = 'PASSWORDS_BUSY';
  override readonly name = 'HashingLineFullError';
  /** When those who wait now will have been served. */
  readonly retryAfterSeconds: number;

  constructor(message: string, retryAfterSeconds: number) {
    super(message);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** Whoever wants a hash. */
export interface HashingClient {
  /** Hashes of one flow wait for each other rather than let others wait: a network, or a known account. */
  readonly flow: string;
  /** It has logged in before. Part of the line is for such clients. */
  readonly isKnown?: boolean;
  /** Aborts when the client has gone away. */
  readonly signal?: AbortSignal;
}

export interface HashingLineOptions {
  /** How many may wait. */
  readonly capacity: number;
  readonly maxWaitMs?: number;
  readonly memory?: HashingMemory;
}

export class HashingLine {
  readonly #memory: HashingMemory;
  readonly #slots: HashingSlots;
  readonly #places: WaitingPlaces;
  readonly #tickets: FairTickets;
  readonly #maxWaitMs: number;

  constructor({ capacity, maxWaitMs = MAX_WAIT_MS, memory = openHashingMemory() }: HashingLineOptions) {
    this.#memory = memory;
    this.#slots = new HashingSlots(memory);
    this.#places = new WaitingPlaces(memory, capacity);
    this.#tickets = new FairTickets(memory);
    this.#maxWaitMs = maxWaitMs;
  }

  /**
   * @returns a slot, and whether it had to be waited for
   * @throws HashingLineFullError, the reason of the client's signal
   */
  async acquire(client: HashingClient): Promise<{ readonly slot: HashingSlot; readonly hasWaited: boolean }> {
    const clientClass = client.isKnown === true ? KNOWN : OTHERS;
    const flow = this.#flowOf(client);
    if (!this.#places.hasRoomFor({ flow, clientClass })) {
      throw this.#full(`${this.#places.waiting} passwords already wait to be hashed`);
    }
    const ticket = this.#tickets.take(clientClass, flow);
    const deadline = process.hrtime.bigint() + BigInt(this.#maxWaitMs + PLACE_SLACK_MS) * 1_000_000n;
    const place = this.#places.enter({ ticket, flow, clientClass }, deadline);
    if (place === -1) throw this.#full('all places of the hashing line are taken');
    try {
      const { slot, hasWaited } = await this.#wait(place, client.signal);
      this.#tickets.serve(clientClass, ticket);
      this.#places.markServed(clientClass);
      return { slot, hasWaited };
    } finally {
      this.#places.leave(place, deadline);
      this.#callNext();
    }
  }

  async #wait(place: number, signal: AbortSignal | undefined) {
    const { calls } = this.#memory;
    const end = performance.now() + this.#maxWaitMs;
    let hasWaited = false;
    let mayOvertake = false;
    for (;;) {
      signal?.throwIfAborted();
      // Read first: a call after this line changes the word, and the wait below returns at once.
      const seen = Atomics.load(calls, place);
      if (mayOvertake || this.#places.next() === place) {
        const slot = this.#slots.tryAcquire((heldNs) => this.#released(heldNs));
        if (slot !== undefined) return { slot, hasWaited };
      } else {
        // It may have been taken for another one's place until it had its ticket.
        this.#callNext();
      }
      const left = end - performance.now();
      if (left <= 0) throw this.#full(`no password could be hashed within ${this.#maxWaitMs} ms`);
      hasWaited = true;
      const wait = Atomics.waitAsync(calls, place, seen, Math.min(left, LOOK_AGAIN_MS));
      mayOvertake = wait.async && (await wait.value) === 'timed-out';
    }
  }

  #released(heldNs: bigint): void {
    this.#learn(Number(heldNs / 1000n));
    this.#callNext();
  }

  #callNext(): void {
    if (!this.#slots.hasFree) return;
    const place = this.#places.next();
    if (place === -1) return;
    Atomics.add(this.#memory.calls, place, 1);
    Atomics.notify(this.#memory.calls, place);
  }

  /** An estimate, so it does no harm if two threads learn at once and one of them in vain. */
  #learn(microseconds: number): void {
    const { words } = this.#memory;
    const known = Atomics.load(words, HASH_MICROSECONDS_WORD) || FIRST_ESTIMATE_MICROSECONDS;
    Atomics.store(words, HASH_MICROSECONDS_WORD, known + (microseconds - known) * WEIGHT_OF_LAST);
  }

  #full(message: string): HashingLineFullError {
    const microseconds =
      Atomics.load(this.#memory.words, HASH_MICROSECONDS_WORD) || FIRST_ESTIMATE_MICROSECONDS;
    const seconds = (this.#places.waiting * microseconds) / this.#slots.count / 1e6;
    return new HashingLineFullError(message, Math.max(1, Math.ceil(seconds)));
  }

  #flowOf({ flow }: HashingClient): number {
    return createHash('sha256').update(this.#memory.seed).update(flow).digest().readInt32LE();
  }
}

/** How many passwords may wait in a process. A worker must have room for other requests beside them. */
export function lineCapacity(workers: number): number {
  return Math.min(PLACES, PLACES_OF_ONE_WORKER * workers);
}
