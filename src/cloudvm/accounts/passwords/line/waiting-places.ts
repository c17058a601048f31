/**
 * The places of those who wait in the hashing line, of all workers.
 *
 * A place is free when its deadline has passed. Whoever waits there took it by compare-and-swap of the
 * deadline, and is then the only one to write its ticket, flow and class. So the place of a worker that has
 * died becomes free by itself.
 */
import { type HashingMemory, LAST_CLASS_WORD, PLACES } from './hashing-memory.ts';

/** Those who have logged in before, from where they are now. */
export const KNOWN = 1;
export const OTHERS = 0;
/** The rest is for those who are known. */
const SHARE_OF_OTHERS = 3 / 4;

const NO_TICKET = 0n;

export interface Waiter {
  readonly ticket: bigint;
  readonly flow: number;
  readonly clientClass: number;
}

export class WaitingPlaces {
  readonly #memory: HashingMemory;
  readonly #capacity: number;

  /** @param capacity at most PLACES */
  constructor(memory: HashingMemory, capacity: number) {
    this.#memory = memory;
    this.#capacity = Math.min(capacity, PLACES);
  }

  get waiting(): number {
    return this.#taken().length;
  }

  /**
   * Whether a client may wait. It may have as many places as are free beside them (Choudhury and Hahne's
   * dynamic threshold). So a single client may take half, and some are always left for the next one.
   */
  hasRoomFor({ flow, clientClass }: Omit<Waiter, 'ticket'>): boolean {
    const { flows, classes } = this.#memory;
    const taken = this.#taken();
    const sameClass = taken.filter((place) => Atomics.load(classes, place) === clientClass);
    const own = sameClass.filter((place) => Atomics.load(flows, place) === flow).length;
    const free = this.#capacity - taken.length;
    if (clientClass === KNOWN) return own < free;
    return own < Math.min(free, Math.ceil(this.#capacity * SHARE_OF_OTHERS) - sameClass.length);
  }

  /**
   * @param deadline in nanoseconds of `process.hrtime`
   * @returns the number of the place, or -1 if all are taken
   */
  enter({ ticket, flow, clientClass }: Waiter, deadline: bigint): number {
    const { deadlines, tickets, flows, classes } = this.#memory;
    const now = process.hrtime.bigint();
    for (let place = 0; place < PLACES; place++) {
      const seen = Atomics.load(deadlines, place);
      if (seen > now || Atomics.compareExchange(deadlines, place, seen, deadline) !== seen) continue;
      Atomics.store(flows, place, flow);
      Atomics.store(classes, place, clientClass);
      Atomics.store(tickets, place, ticket);
      return place;
    }
    return -1;
  }

  /**
   * The deadline tells holders apart: one that comes back too late finds another value and leaves it alone.
   * So the ticket stays. Until the next holder has written its own, others may wait for the old one in vain.
   * HashingLine calls the right one then.
   * @param deadline with which the place was taken
   */
  leave(place: number, deadline: bigint): void {
    Atomics.compareExchange(this.#memory.deadlines, place, deadline, 0n);
  }

  /** The place whose turn it is, or -1 if nobody waits. The two classes take turns. */
  next(): number {
    const known = this.#lowest(KNOWN);
    const others = this.#lowest(OTHERS);
    if (known === -1 || others === -1) return Math.max(known, others);
    return Atomics.load(this.#memory.words, LAST_CLASS_WORD) === KNOWN ? others : known;
  }

  /** Two threads may do so at once. Then one of the classes has its turn twice. */
  markServed(clientClass: number): void {
    Atomics.store(this.#memory.words, LAST_CLASS_WORD, clientClass);
  }

  #lowest(clientClass: number): number {
    const { tickets, classes } = this.#memory;
    let best = -1;
    let lowest = NO_TICKET;
    for (const place of this.#taken()) {
      if (Atomics.load(classes, place) !== clientClass) continue;
      const ticket = Atomics.load(tickets, place);
      if (ticket === NO_TICKET || (best !== -1 && ticket >= lowest)) continue;
      best = place;
      lowest = ticket;
    }
    return best;
  }

  #taken(): number[] {
    const { deadlines } = this.#memory;
    const now = process.hrtime.bigint();
    const taken: number[] = [];
    for (let place = 0; place < PLACES; place++) {
      if (Atomics.load(deadlines, place) > now) taken.push(place);
    }
    return taken;
  }
}
