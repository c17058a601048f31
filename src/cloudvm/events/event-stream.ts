/**
 * The events of one client, for `sendEvents`. First comes what the client has missed, read from the database,
 * then what the hub pushes. A client that reads too slowly is let go: it comes back with the id of the last
 * event that it has seen, and misses nothing.
 */
import type { ServerSentEvent } from '../../runtime/application.ts';
import type { Change } from './change.ts';
import type { ChangesRead } from './change-reader.ts';
import { type Position, SentEvents } from './event-id.ts';

/** Changes that wait for a slow client. */
export const MAX_WAITING = 1_000;
/** How long a client waits before it connects again. */
const RETRY_MS = 1_000;

export interface EventStreamOptions {
  readonly position: Position;
  readonly readSince: (since: number) => Promise<ChangesRead>;
  readonly signal: AbortSignal;
  readonly onClose: () => void;
}

export class EventStream implements AsyncIterable<ServerSentEvent> {
  readonly #options: EventStreamOptions;
  readonly #sent: SentEvents;
  readonly #waiting: Change[] = [];
  #arrived: (() => void) | undefined;
  #isEnded = false;

  constructor(options: EventStreamOptions) {
    this.#options = options;
    this.#sent = new SentEvents(options.position);
    options.signal.addEventListener('abort', () => this.end(), { once: true });
  }

  push(change: Change): void {
    if (this.#isEnded) return;
    this.#waiting.push(change);
    if (this.#waiting.length > MAX_WAITING) this.end();
    this.#arrived?.();
  }

  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#waiting.length = 0;
    this.#options.onClose();
    this.#arrived?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ServerSentEvent, void, undefined> {
    try {
      // So that a client whose connection breaks before the first event misses nothing either.
      yield { id: this.#sent.id, retryMs: RETRY_MS };
      yield* this.#missed();
      while (!this.#isEnded) {
        const change = this.#waiting.shift();
        if (change === undefined) await this.#next();
        else yield* this.#eventOf(change);
      }
    } finally {
      this.end();
    }
  }

  /** What is pushed meanwhile waits, and what was read here too, or is older, is dropped then. */
  async *#missed(): AsyncGenerator<ServerSentEvent, void, undefined> {
    let since: number | undefined = this.#options.position.since;
    while (since !== undefined && !this.#isEnded) {
      const read: ChangesRead = await this.#options.readSince(since);
      for (const change of read.changes) yield* this.#eventOf(change);
      since = read.moreSince;
    }
  }

  *#eventOf(change: Change): Generator<ServerSentEvent, void, undefined> {
    if (this.#isEnded || this.#sent.has(change)) return;
    const id = this.#sent.add(change);
    yield { id, event: change.event, data: change.data };
  }

  async #next(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#arrived = resolve;
    await promise;
    this.#arrived = undefined;
  }
}
