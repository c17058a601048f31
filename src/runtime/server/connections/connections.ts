/**
 * All clients, from the accepted socket on. Main thread, called by the server's socket, its slow timer and
 * its shutdown. What happens between bytes and responses is in ownership.ts.
 */

import type { ConnectionTable } from '../../memory/connections/connection-table.ts';
import { addressToWords } from '../../memory/connections/peer-address.ts';
import { adoptSocket, type ClientSocket } from '../sockets/client-socket.ts';
import type { RefusedSockets } from '../sockets/refused-sockets.ts';
import { Connection, type ConnectionParts } from './connection.ts';
import type { Endings } from './endings.ts';
import type { Ownership } from './ownership.ts';
import type { Registry } from './registry.ts';

/** Size of the one buffer that all sockets read into. */
const SCRATCH_BYTES = 65_536;

export interface ConnectionsOptions extends ConnectionParts {
  readonly table: ConnectionTable;
  readonly registry: Registry;
  readonly ownership: Ownership;
  readonly endings: Endings;
  readonly refused: RefusedSockets;
  /** Bytes that a worker may have sent and a client has not taken. */
  readonly outboundWindowBytes: number;
}

/** What is not at its end. */
export interface Unfinished {
  /** Connections with something still to be received or sent. */
  readonly connections: number;
  /** Those of them whose request has no response yet. */
  readonly requests: number;
  /** Responses that have begun, with those that were cut off since `stop`. */
  readonly streams: number;
}

export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  /** Connections that have a number. */
  get count(): number {
    return this.#options.registry.count;
  }

  /** Whether there is a connection that a worker has or will have to look at, or that is owed something. */
  get anyPending(): boolean {
    for (const { isHandedOut, writer } of this.#options.registry.all()) {
      if (isHandedOut || writer.owed > 0) return true;
    }
    return false;
  }

  /** A client has connected. */
  accept(accepted: ClientSocket): void {
    const { table, registry, ownership, endings, refused, outboundWindowBytes } = this.#options;
    const number = registry.takeNumber();
    if (number === undefined) {
      refused.refuse(accepted);
      return;
    }
    const peer = addressToWords(accepted.remoteAddress ?? '');
    const socket = adoptSocket(accepted, {
      buffer: this.#scratch,
      // Nothing is read before the event loop turns, when `connection` is long there.
      onBytes: (length) => ownership.received(connection, this.#scratch, length),
    });
    const generation = table.open(number, outboundWindowBytes);
    table.setPeer(number, peer);
    const connection = new Connection(number, generation, socket, this.#options);
    registry.add(connection);
    socket.on('end', () => ownership.clientEnded(connection));
    // 'close' follows, and is where everything is undone. The error itself says nothing that we could act on.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => ownership.clientGone(connection));
    if (ownership.isStopping) endings.end(connection);
  }

  /** How often `sweep` is to be called. */
  get sweepIntervalMs(): number {
    return this.#options.deadlines.intervalMs;
  }

  /** Applies the deadlines. */
  sweep(now: number): void {
    const { registry, deadlines, endings } = this.#options;
    deadlines.tick(now);
    for (const connection of registry.all()) {
      switch (connection.expiry(now)) {
        case 'none':
          break;
        case 'idle':
          endings.end(connection);
          break;
        case 'request':
          endings.refuse(connection, 408, 'The request did not arrive in time.');
          break;
        case 'write':
        case 'linger':
          endings.breakOff(connection);
          break;
      }
    }
  }

  /**
   * No more keep-alive. Idle connections end now, the others after their pending and half-received requests.
   */
  stop(): void {
    const { registry, ownership, endings } = this.#options;
    ownership.stop();
    for (const connection of registry.all()) {
      if (connection.isHandedOut || connection.isEnding) continue;
      if (connection.buffer.isReceiving()) continue;
      // Who is between two requests has nothing to lose by a reset, and is not waited for.
      if (connection.writer.owed === 0) connection.socket.destroySoon();
      else endings.end(connection);
    }
  }

  /** Resolves when no connection is left, or the time is over. */
  whenNone(timeoutMs: number): Promise<void> {
    return this.#options.registry.whenNone(timeoutMs);
  }

  /**
   * Counts the clients that wait for a response, or for the rest of one. One that was sent everything and has
   * only not closed yet is finished.
   */
  countUnfinished(): Unfinished {
    const { registry, ownership } = this.#options;
    let connections = 0;
    let streams = 0;
    for (const { isEnding, isHandedOut, isPartial, writer } of registry.all()) {
      if (isEnding && writer.owed === 0 && !isHandedOut) continue;
      connections++;
      if (isPartial || writer.owed > 0) streams++;
    }
    return { connections, requests: connections - streams, streams: streams + ownership.cutOffs };
  }

  /** Ends whatever is left, without regard to what is pending. */
  destroyAll(): void {
    const { registry, endings, refused } = this.#options;
    for (const connection of registry.all()) endings.breakOff(connection);
    refused.destroyAll();
  }
}
