/**
 * How much of its allowance each client has used, for all workers together: one word of 64 bits for each
 * client. Workers read and write it. Main only makes the seed.
 *
 * A word has the tag of the client (24 bits) and the time at which its whole allowance is back (40 bits, in
 * microseconds of the clock that all threads share). A request moves that time on by one interval, unless it
 * would come to lie further ahead than the allowance. That is the generic cell rate algorithm: a client may
 * use its allowance at once, and gets it back evenly. A refused request changes nothing.
 *
 * The digest of a client chooses a set of 8 words, which are one cache line, and the tag in it. Where a
 * client has no word, it gets the one whose time is the earliest. These hold:
 *
 *  1. A word changes by compare-and-swap alone, so none of two simultaneous requests goes uncounted. (A
 *     client that has no word may get two when others of its set come at the same moment. Only the first
 *     counts on. So it gains one request, once, for each worker.)
 *  2. A word whose time has passed says the same as no word. To give it to another client loses nothing.
 *  3. If none has passed, the client that has used the least is forgotten, and begins anew. So whoever has
 *     used up its allowance is forgotten only when all 8 have: to get rid of one's own count one must spend
 *     more allowances than it is worth. The seed keeps clients from choosing their sets.
 *  4. Nobody uses up the allowance of somebody else, unless the tags are the same too: a chance of 1 to two
 *     million for each other client that has used something in the last minute and shares the set.
 *  5. The memory is bounded. With more than some 50,000 clients a minute, it is the small ones that are
 *     forgotten. So the limit then fails open.
 *
 * Times wrap around after 12 days. A word that was not touched for just as long seems to be in use for at
 * most a minute.
 */
import { RATE_LIMIT_SETS, RATE_LIMIT_WAYS } from '../layout.ts';

export const RATE_LIMIT_BYTES = RATE_LIMIT_SETS * RATE_LIMIT_WAYS * 8;

/** Of the keyed digest of a client. */
export interface ClientPlace {
  /** Less than RATE_LIMIT_SETS. */
  readonly set: number;
  /** From 1 to TAG_LIMIT - 1. */
  readonly tag: number;
}

export interface Allowance {
  /** Requests that may come at once. */
  readonly requests: number;
  /** Microseconds after which one more may come. All together are a minute at most. */
  readonly interval: number;
}

export interface Grant {
  readonly isGranted: boolean;
  /** Requests that may follow at once. */
  readonly remaining: number;
  /** Microseconds until there is one, or, if there are some, until the whole allowance is back. */
  readonly wait: number;
}

export const TAG_LIMIT = 2 ** 24;

const TIME_LIMIT = 2 ** 40;
const LOW_WORD = 2 ** 32;
/** Of the high half of a word: the tag, above the upper bits of the time. */
const TAG_SHIFT = 8;
const UPPER_TIME_MASK = 0xff;
/** A time that is further ahead has wrapped around. */
const LONGEST_AHEAD = 61_000_000;
/** Each failure is a success of another thread. A limit is not worth more work than that. */
const MOST_ATTEMPTS = 1_000;

export class RateLimitTable {
  readonly #words: BigUint64Array;
  /** The same memory. The high half of word n is at 2n + 1, since WebAssembly is little-endian. */
  readonly #halves: Int32Array;
  /** A word taken apart: its halves. */
  readonly #word = new BigUint64Array(1);
  readonly #parts = new Uint32Array(this.#word.buffer);

  /** @param address of RATE_LIMIT_BYTES, which begin as zeros */
  constructor(buffer: ArrayBufferLike, address = 0) {
    this.#words = new BigUint64Array(buffer, address, RATE_LIMIT_SETS * RATE_LIMIT_WAYS);
    this.#halves = new Int32Array(buffer, address, 2 * RATE_LIMIT_SETS * RATE_LIMIT_WAYS);
  }

  /** @param now microseconds */
  take(place: ClientPlace, { requests, interval }: Allowance, now: number): Grant {
    const whole = requests * interval;
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      const index = this.#indexFor(place, now);
      const seen = Atomics.load(this.#words, index);
      const ahead = this.#tagIn(seen) === place.tag ? Math.max(0, this.#aheadIn(seen, now)) : 0;
      const next = ahead + interval;
      if (next > whole) return { isGranted: false, remaining: 0, wait: next - whole };
      const word = this.#wordOf(place.tag, (now + next) % TIME_LIMIT);
      if (Atomics.compareExchange(this.#words, index, seen, word) === seen)
        return granted(next, whole, interval);
    }
    return { isGranted: true, remaining: 0, wait: interval };
  }

  /** Of the client's word, or of the one that it gets. The caller looks again at what is there. */
  #indexFor({ set, tag }: ClientPlace, now: number): number {
    const first = set * RATE_LIMIT_WAYS;
    // Reads half words without an order. Whoever is misled looks at the word and finds another tag there.
    for (let index = first; index < first + RATE_LIMIT_WAYS; index++) {
      if ((this.#halves[2 * index + 1] as number) >>> TAG_SHIFT === tag) return index;
    }
    return this.#leastUsed(first, tag, now);
  }

  #leastUsed(first: number, tag: number, now: number): number {
    let least = first;
    let leastAhead = Number.POSITIVE_INFINITY;
    for (let index = first; index < first + RATE_LIMIT_WAYS; index++) {
      const seen = Atomics.load(this.#words, index);
      if (this.#tagIn(seen) === tag) return index;
      const ahead = seen === 0n ? Number.NEGATIVE_INFINITY : this.#aheadIn(seen, now);
      if (ahead >= leastAhead) continue;
      least = index;
      leastAhead = ahead;
    }
    return least;
  }

  #tagIn(word: bigint): number {
    this.#word[0] = word;
    return (this.#parts[1] as number) >>> TAG_SHIFT;
  }

  /** Microseconds from now to the time in a word. Not positive if that has passed. */
  #aheadIn(word: bigint, now: number): number {
    this.#word[0] = word;
    const upper = (this.#parts[1] as number) & UPPER_TIME_MASK;
    const ahead = upper * LOW_WORD + (this.#parts[0] as number) - (now % TIME_LIMIT);
    const unwrapped = ahead < -TIME_LIMIT / 2 ? ahead + TIME_LIMIT : ahead;
    return unwrapped > LONGEST_AHEAD ? unwrapped - TIME_LIMIT : unwrapped;
  }

  #wordOf(tag: number, time: number): bigint {
    this.#parts[0] = time % LOW_WORD;
    this.#parts[1] = (tag << TAG_SHIFT) | Math.floor(time / LOW_WORD);
    return this.#word[0] as bigint;
  }
}

function granted(used: number, whole: number, interval: number): Grant {
  const remaining = Math.floor((whole - used) / interval);
  return { isGranted: true, remaining, wait: remaining > 0 ? used : used + interval - whole };
}
