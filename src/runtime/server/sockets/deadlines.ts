/**
 * How long a client may take to send. Main thread. `Deadlines` is what all connections share,
 * `ReceiveDeadline` is the part of one connection. How long a client may take to read is in socket-writer.ts.
 *
 * Deadlines are plain numbers that one coarse sweep compares, because a timer for each connection would be
 * too expensive. Requests do not even read the clock. Deadlines count from the end of the present sweep
 * interval, so a deadline is late by up to two intervals and never early.
 */

export interface DeadlineOptions {
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly writeTimeoutMs: number;
  /** How long a connection that we ended waits for the client to close too, or to send more. */
  readonly lingerMs: number;
}

/** Of a client that goes on sending after it was refused. */
const MOST_DISCARDED_BYTES = 64 * 1_048_576;

const NEVER = Number.POSITIVE_INFINITY;
const LONGEST_INTERVAL_MS = 500;
const SHORTEST_INTERVAL_MS = 10;

export class Deadlines {
  readonly options: DeadlineOptions;
  /** Milliseconds between two sweeps: a quarter of the shortest deadline, within bounds. */
  readonly intervalMs: number;
  #keepAliveMs: number;
  #precisionMs: number;
  #now: number;

  constructor(options: DeadlineOptions, now: number) {
    const { headersTimeoutMs, requestTimeoutMs, keepAliveTimeoutMs, writeTimeoutMs } = options;
    const shortest = Math.min(headersTimeoutMs, requestTimeoutMs, keepAliveTimeoutMs, writeTimeoutMs);
    this.options = options;
    this.intervalMs = Math.max(SHORTEST_INTERVAL_MS, Math.min(LONGEST_INTERVAL_MS, shortest / 4));
    this.#keepAliveMs = keepAliveTimeoutMs;
    this.#precisionMs = this.intervalMs;
    this.#now = now + this.#precisionMs;
  }

  /** How long a connection without a request persists. */
  get keepAliveMs(): number {
    return this.#keepAliveMs;
  }

  /** The server stops: connections without a request persist only for so long. Sweeps must come as often. */
  shortenKeepAlive(milliseconds: number, now: number): void {
    this.#keepAliveMs = Math.min(this.#keepAliveMs, milliseconds);
    this.#precisionMs = SHORTEST_INTERVAL_MS;
    this.tick(now);
  }

  /** The time, rounded up to the end of the present sweep interval. */
  get now(): number {
    return this.#now;
  }

  /** Called at each sweep. */
  tick(now: number): void {
    this.#now = now + this.#precisionMs;
  }
}

export class ReceiveDeadline {
  readonly #deadlines: Deadlines;
  /** When the first byte of the present request came, or 0 if none has. */
  #since = 0;
  #at: number;
  /** Bytes that came since we have ended the connection, and when its client has to be done. */
  #discarded = 0;
  #lastAt = 0;

  /** A client has connected and sent nothing. It has the time of a head. */
  constructor(deadlines: Deadlines) {
    this.#deadlines = deadlines;
    this.#at = deadlines.now + deadlines.options.headersTimeoutMs;
  }

  /** A part of a request has come. */
  get isReceiving(): boolean {
    return this.#since !== 0;
  }

  isOver(now: number): boolean {
    return this.#at < now;
  }

  /** Bytes have come. The time of a request counts from its first byte. */
  receiving(): void {
    if (this.#since !== 0) return;
    const { now, options } = this.#deadlines;
    this.#since = now;
    this.#at = now + options.headersTimeoutMs;
  }

  /** A worker looks at the bytes, so the server does not wait for the client. */
  suspend(): void {
    this.#at = NEVER;
  }

  /** A request was answered. The time of the next one starts with its first byte. */
  answered(): void {
    this.#since = 0;
  }

  /** A worker has looked and asks for more. */
  waiting(inBody: boolean): void {
    const { now, options } = this.#deadlines;
    if (this.#since === 0) this.#since = now;
    this.#at = this.#since + (inBody ? options.requestTimeoutMs : options.headersTimeoutMs);
  }

  /** All requests are answered: keep-alive. */
  resting(): void {
    this.#since = 0;
    this.#at = this.#deadlines.now + this.#deadlines.keepAliveMs;
  }

  /** We have ended the connection, but the client has not. */
  lingering(): void {
    const { now, options } = this.#deadlines;
    this.#at = now + options.lingerMs;
    this.#lastAt = now + options.requestTimeoutMs;
    this.#discarded = 0;
  }

  /**
   * Bytes have come that nobody wants. A client that is still sending has not read our answer yet, and a
   * reset would take it away. So it has more time, within bounds.
   */
  discarding(bytes: number): void {
    const { now, options } = this.#deadlines;
    this.#discarded += bytes;
    if (this.#discarded > MOST_DISCARDED_BYTES) return;
    this.#at = Math.max(this.#at, Math.min(now + options.lingerMs, this.#lastAt));
  }
}
