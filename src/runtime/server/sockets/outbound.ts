/**
 * Sends outbound bytes from the workers' rings to the sockets: what all connections share. The part of one
 * connection is socket-writer.ts. Main thread.
 *
 * Bytes have left the ring, to the kernel or into a copy, before their space is released. A worker that goes
 * on sending gets credit back when the socket has passed its bytes on, so the process never holds more than
 * OUTBOUND_WINDOW_BYTES for a client. What a slow client has not taken is kept in blocks (backlog.ts), and
 * counted for all clients together (outbound-ledger.ts).
 */

import type { ConnectionTable } from '../../memory/connections/connection-table.ts';
import type { Clock } from '../clock.ts';
import type { writeAtOnce } from './client-socket.ts';
import type { OutboundLedger } from './outbound-ledger.ts';

export interface OutboundOptions {
  /** The shared memory. */
  readonly bytes: Buffer;
  readonly table: ConnectionTable;
  readonly writeTimeoutMs: number;
  readonly clock: Clock;
  readonly ledger: OutboundLedger;
  /** See client-socket.ts. */
  readonly writeAtOnce: typeof writeAtOnce;
  /** Rings the worker that waits for the credit of a connection. */
  readonly onCredit: (connection: number) => void;
}

interface CorkedWriter {
  uncork(): void;
}

export class Outbound {
  readonly options: OutboundOptions;
  /** Bytes for clients since the start, whether or not they were taken. */
  sentBytes = 0;
  readonly #corked: CorkedWriter[] = [];

  constructor(options: OutboundOptions) {
    this.options = options;
  }

  /** Several records of one drain go out in one write: until `flush`, the writer's socket is corked. */
  holdBack(writer: CorkedWriter): void {
    this.#corked.push(writer);
  }

  /** After each drain: sends the records that were held back. */
  flush(): void {
    for (const writer of this.#corked) writer.uncork();
    this.#corked.length = 0;
  }
}
