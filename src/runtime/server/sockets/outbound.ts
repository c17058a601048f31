/**
 * Bytes on their way out: from the workers' rings to the sockets. Main thread only.
 *
 * Bytes are copied out of the ring before its space is released: a write of a shared view that the kernel does not
 * take at once would send whatever lies there later. A worker that goes on sending gets credit for them when the
 * socket has passed them on, so that no client makes the process hold more than OUTBOUND_WINDOW_BYTES.
 */

import type { ConnectionTable } from '../../memory/connections/connection-table.ts';
import { takenBytes } from './adopt-socket.ts';
import type { Connection } from './connection.ts';

/** Up to here a payload is passed as a string, whose write needs no buffer object (measured: 0.3 µs less). */
const TEXT_BYTES = 4_096;
const NOTHING = Buffer.alloc(0);

export interface OutboundOptions {
  readonly bytes: Buffer;
  readonly table: ConnectionTable;
  readonly writeTimeoutMs: number;
  /** Rings the worker that waits for the credit of this connection. */
  readonly onCredit: (connection: Connection) => void;
}

export class Outbound {
  readonly #options: OutboundOptions;
  /** Corked connections: several records of one drain go out in one write. */
  readonly #corked: Connection[] = [];

  constructor(options: OutboundOptions) {
    this.#options = options;
  }

  /**
   * Sends a payload of a ring.
   * @param more whether the turn goes on: else credit is counted anew when the connection is given back
   */
  send(connection: Connection, address: number, length: number, more: boolean): void {
    const { bytes } = this.#options;
    if (connection.closed || connection.ending) return;
    const { socket } = connection;
    if (more && !connection.corked) {
      connection.corked = true;
      socket.cork();
      this.#corked.push(connection);
    }
    if (length <= TEXT_BYTES) socket.write(bytes.toString('latin1', address, address + length), 'latin1');
    else socket.write(copyOf(bytes, address, length));
    if (socket.writableLength > 0) this.#owe(connection, length);
    else if (more) this.#extendCredit(connection, length);
  }

  /** Sends bytes of the main thread's own; they cost no credit. */
  sendOwn(connection: Connection, data: Buffer): void {
    if (connection.closed || connection.ending) return;
    connection.socket.write(data);
    if (connection.socket.writableLength > 0) this.#owe(connection, 0);
  }

  /** After each drain: what was held together goes out. */
  flush(): void {
    for (const connection of this.#corked) {
      connection.corked = false;
      connection.socket.uncork();
    }
    this.#corked.length = 0;
  }

  #extendCredit(connection: Connection, bytes: number): void {
    const { table, onCredit } = this.#options;
    table.extendCredit(connection.number, bytes);
    if (table.takeCreditWait(connection.number)) onCredit(connection);
  }

  #owe(connection: Connection, bytes: number): void {
    connection.owed += bytes;
    this.#watch(connection);
    if (connection.flushing) return;
    connection.flushing = true;
    const { owed } = connection;
    // An empty write calls back when all before it were taken; that costs only those who are slow a callback.
    connection.socket.write(NOTHING, (error) => {
      connection.flushing = false;
      if (error !== null && error !== undefined) return;
      // The kernel may have taken what was written after it together with it: then nothing is owed any more.
      this.#paid(connection, connection.socket.writableLength === 0 ? connection.owed : owed);
    });
  }

  #paid(connection: Connection, bytes: number): void {
    if (connection.closed) return;
    connection.owed -= bytes;
    this.#extendCredit(connection, bytes);
    connection.writeDeadline = Number.POSITIVE_INFINITY;
    if (connection.socket.writableLength === 0) return;
    // After end() even an empty write is an error, which would cut off what is still on its way.
    if (connection.ending) this.#watch(connection);
    else this.#owe(connection, 0);
  }

  /** From now on the client has to take something within the write timeout. */
  #watch(connection: Connection): void {
    if (connection.writeDeadline !== Number.POSITIVE_INFINITY) return;
    connection.writeDeadline = performance.now() + this.#options.writeTimeoutMs;
    connection.taken = takenBytes(connection.socket);
  }
}

function copyOf(bytes: Buffer, address: number, length: number): Buffer {
  const copy = Buffer.allocUnsafe(length);
  bytes.copy(copy, 0, address, address + length);
  return copy;
}
