/**
 * Maps numbers to connections. Main thread. A number is an entry of the connection table, and there are as
 * many numbers as the server may have connections.
 */

import { invariant } from '../../../platform/invariant.ts';
import type { Connection } from './connection.ts';

export class Registry {
  readonly #byNumber: (Connection | undefined)[];
  readonly #free: number[] = [];
  #whenNone: (() => void) | null = null;

  constructor(capacity: number) {
    this.#byNumber = new Array(capacity).fill(undefined);
    for (let number = capacity - 1; number >= 0; number--) this.#free.push(number);
  }

  /** Connections that have a number. Closed ones count until a worker has given them back. */
  get count(): number {
    return this.#byNumber.length - this.#free.length;
  }

  *all(): Generator<Connection> {
    for (const connection of this.#byNumber) if (connection !== undefined) yield connection;
  }

  byNumber(number: number): Connection | undefined {
    return this.#byNumber[number];
  }

  /** @returns a free number, which the caller must `add`, or undefined if none is left */
  takeNumber(): number | undefined {
    return this.#free.pop();
  }

  add(connection: Connection): void {
    invariant(this.#byNumber[connection.number] === undefined, 'A number belongs to one client at a time.');
    this.#byNumber[connection.number] = connection;
  }

  /** The number is free from now on. */
  remove(connection: Connection): void {
    invariant(this.#byNumber[connection.number] === connection, 'A number is given back once.');
    this.#byNumber[connection.number] = undefined;
    this.#free.push(connection.number);
    if (this.count === 0) this.#whenNone?.();
  }

  /** Resolves when no connection is left or the time is over. */
  whenNone(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#whenNone = () => {
        clearTimeout(timer);
        resolve();
      };
      if (this.count === 0) this.#whenNone();
    });
  }
}
