/**
 * When a connection has waited long enough. Deadlines are plain numbers that one coarse sweep compares: a timer
 * for each connection would cost more than all of them are worth. Requests do not even read the clock: they
 * count from the end of the present sweep interval, so that a deadline is late by up to two of them, never early.
 */

import { takenBytes } from './adopt-socket.ts';
import type { Connection } from './connection.ts';

export interface DeadlineOptions {
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly writeTimeoutMs: number;
  /** How long a connection that we ended waits for the client to close too. */
  readonly lingerMs: number;
}

/** What has expired, and so what is to be done. */
export type Expiry = 'none' | 'idle' | 'request' | 'write' | 'linger';

const NEVER = Number.POSITIVE_INFINITY;

export class Deadlines {
  readonly #options: DeadlineOptions;
  /** The time, rounded up to the end of the present sweep interval. */
  #now = 0;

  constructor(options: DeadlineOptions) {
    this.#options = options;
    this.tick(performance.now());
  }

  /** Called at each sweep. */
  tick(now: number): void {
    this.#now = now + Deadlines.interval(this.#options);
  }

  /** Milliseconds between two sweeps that keep the shortest of the deadlines to a quarter. */
  static interval(options: DeadlineOptions): number {
    const shortest = Math.min(
      options.headersTimeoutMs,
      options.requestTimeoutMs,
      options.keepAliveTimeoutMs,
      options.writeTimeoutMs,
    );
    return Math.max(10, Math.min(500, shortest / 4));
  }

  /** A client has connected and sent nothing: it has as long as for a head. */
  opened(connection: Connection): void {
    connection.receivingSince = 0;
    connection.receiveDeadline = this.#now + this.#options.headersTimeoutMs;
  }

  /** Bytes have come; the clock of a request runs from its first one. */
  receiving(connection: Connection): void {
    if (connection.receivingSince !== 0) return;
    connection.receivingSince = this.#now;
    connection.receiveDeadline = connection.receivingSince + this.#options.headersTimeoutMs;
  }

  /** A request was answered; the next one's clock starts with its own first byte. */
  answered(connection: Connection): void {
    connection.receivingSince = 0;
  }

  /** A worker has looked and asks for more. */
  waiting(connection: Connection, inBody: boolean): void {
    if (connection.receivingSince === 0) connection.receivingSince = this.#now;
    const allowed = inBody ? this.#options.requestTimeoutMs : this.#options.headersTimeoutMs;
    connection.receiveDeadline = connection.receivingSince + allowed;
  }

  /** All requests are answered: keep-alive. */
  resting(connection: Connection): void {
    connection.receivingSince = 0;
    connection.receiveDeadline = this.#now + this.#options.keepAliveTimeoutMs;
  }

  linger(connection: Connection): void {
    connection.receiveDeadline = this.#now + this.#options.lingerMs;
  }

  expired(connection: Connection, now: number): Expiry {
    if (connection.writeDeadline < now && !this.#isReading(connection, now)) return 'write';
    if (connection.receiveDeadline >= now || (connection.handedOut && !connection.ending)) return 'none';
    if (connection.ending) {
      // What is still being sent is bounded by the write deadline.
      if (connection.owed > 0 && connection.writeDeadline !== NEVER) return 'none';
      return 'linger';
    }
    return connection.receivingSince === 0 ? 'idle' : 'request';
  }

  /** A slow reader lives on as long as it takes anything at all. */
  #isReading(connection: Connection, now: number): boolean {
    const taken = takenBytes(connection.socket);
    if (taken <= connection.taken) return false;
    connection.taken = taken;
    connection.writeDeadline = now + this.#options.writeTimeoutMs;
    return true;
  }
}
