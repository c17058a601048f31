/**
 * The order of the hashing line: start-time fair queueing (Goyal, Vin, Cheng, 1996). A client is a flow. Its
 * first ticket says the present time of the line's clock, and each further one a time later than the one
 * before. The lowest ticket is next, and the clock shows the ticket that was served last. So a client that
 * asks for one hash is served after one of each other client, however many those have asked for, and nobody
 * who comes later overtakes somebody with the same right.
 *
 * Two words make the order: the clock, which only grows, and the end of each flow. Both are changed by
 * compare-and-swap, and a loser tries again with what the winner has written. Each class has its own.
 */
import { FLOWS, type HashingMemory, SEQUENCE_WORD } from './hashing-memory.ts';

/** Tickets of the same time are served in order of arrival. */
const SEQUENCE_BITS = 24n;
const SEQUENCE_MASK = 0xff_ffff;

export class FairTickets {
  readonly #memory: HashingMemory;

  constructor(memory: HashingMemory) {
    this.#memory = memory;
  }

  /** @returns never 0 */
  take(clientClass: number, flow: number): bigint {
    const { clocks, flowEnds, words } = this.#memory;
    const index = clientClass * FLOWS + (flow & (FLOWS - 1));
    const sequence = BigInt(Atomics.add(words, SEQUENCE_WORD, 1) & SEQUENCE_MASK);
    for (;;) {
      const end = Atomics.load(flowEnds, index);
      const clock = Atomics.load(clocks, clientClass);
      const start = end > clock ? end : clock;
      const next = start + 1n;
      if (Atomics.compareExchange(flowEnds, index, end, next) === end)
        return (next << SEQUENCE_BITS) | sequence;
    }
  }

  /** It is served now. */
  serve(clientClass: number, ticket: bigint): void {
    const { clocks } = this.#memory;
    const start = (ticket >> SEQUENCE_BITS) - 1n;
    for (;;) {
      const clock = Atomics.load(clocks, clientClass);
      if (clock >= start || Atomics.compareExchange(clocks, clientClass, clock, start) === clock) return;
    }
  }
}
