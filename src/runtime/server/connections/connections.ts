/**
 * All clients, from the accepted socket on. Main thread, called by the server's socket, its slow timer and
 * its shutdown. client-events.ts acts on what each of them does.
 */

import type { ConnectionTable } from '../../memory/connections/connection-table.ts';
import { addressToWords } from '../../memory/connections/peer-address.ts';
import { stateOf } from '../../memory/connections/state-word.ts';
import { STATE_RUNNING } from '../../memory/protocol.ts';
import { adoptSocket, type ClientSocket } from '../sockets/client-socket.ts';
import type { OutboundLedger } from '../sockets/outbound-ledger.ts';
import type { RefusedSockets } from '../sockets/refused-sockets.ts';
import type { TurnTimes } from '../timing/turn-times.ts';
import type { ClientEvents } from './client-events.ts';
import { Connection, type ConnectionParts } from './connection.ts';
import type { Endings } from './endings.ts';
import type { Ownership } from './ownership.ts';
import type { Registry } from './registry.ts';

/**
 * While the server stops, a connection without a request persists for so long. A client that sends one
 * request after the other learns by an answer that its connection closes.
 */
const LAST_REQUEST_MS = 100;

export interface ConnectionsOptions extends ConnectionParts {
  readonly table: ConnectionTable;
  readonly registry: Registry;
  readonly clientEvents: ClientEvents;
  readonly ownership: Pick<Ownership, 'stop' | 'isStopping' | 'cutOffs'>;
  readonly endings: Endings;
  readonly refused: RefusedSockets;
  readonly ledger: OutboundLedger;
  readonly turnTimes: TurnTimes;
}

export type ConnectionState = 'idle' | 'receiving' | 'queued' | 'running' | 'sending' | 'ending';

/** What a stopping server still has to finish. */
export interface Unfinished {
  /** Connections that still have something to receive or send. */
  readonly connections: number;
  /** Those of them whose request has no response yet. */
  readonly requests: number;
  /** Responses that have begun, including those that were cut off since `stop`. */
  readonly streams: number;
}

export class Connections {
  readonly #options: ConnectionsOptions;
  #accepted = 0;
  #receivedBytes = 0;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  /** Clients that have connected since the start. */
  get accepted(): number {
    return this.#accepted;
  }

  /** Bytes of clients since the start. */
  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** Connections that have a number. */
  get count(): number {
    return this.#options.registry.count;
  }

  /**
   * Whether there is a connection that a worker serves or must serve, or that still has something to be sent.
   */
  get anyPending(): boolean {
    for (const { isHandedOut, writer } of this.#options.registry.all()) {
      if (isHandedOut || writer.owed > 0) return true;
    }
    return false;
  }

  /** A client has connected. */
  accept(accepted: ClientSocket): void {
    this.#options.turnTimes.accept(() => this.#accept(accepted));
  }

  #accept(accepted: ClientSocket): void {
    const { table, registry, clientEvents, ownership, refused, inbound } = this.#options;
    this.#accepted++;
    const number = registry.takeNumber();
    if (number === undefined) {
      refused.refuse(accepted);
      return;
    }
    const peer = addressToWords(accepted.remoteAddress ?? '');
    const socket = adoptSocket(accepted, {
      buffer: inbound.scratch,
      // Nothing is read in this turn of the event loop, so `connection` is set before the first read.
      onBytes: (buffer, length) => {
        this.#receivedBytes += length;
        clientEvents.received(connection, buffer, length);
      },
      nextBuffer: () => connection.buffer.nextTarget(),
    });
    const generation = table.open(number, 0);
    table.setPeer(number, peer);
    const connection = new Connection(number, generation, socket, this.#options);
    registry.add(connection);
    socket.on('end', () => clientEvents.clientEnded(connection));
    // 'close' follows and does the clean-up. The error itself needs no reaction.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => clientEvents.clientGone(connection));
    if (ownership.isStopping) connection.deadline.resting();
  }

  /** How often `sweep` is to be called. */
  get sweepIntervalMs(): number {
    return this.#options.deadlines.intervalMs;
  }

  /** Applies the deadlines. */
  sweep(now: number): void {
    const { registry, clientEvents, deadlines, endings } = this.#options;
    deadlines.tick(now);
    for (const connection of registry.all()) {
      if (connection.isHalfClosed && connection.isHandedOut) clientEvents.probe(connection);
      connection.upload?.check();
      switch (connection.expiry(now)) {
        case 'none':
          break;
        case 'idle':
          this.#endIdle(connection);
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
    if (this.#options.ledger.excessBytes > 0) this.#cutOffSlowest();
  }

  /** Clients that do not read hold more than OUTBOUND_MEMORY_MB. Those that hold the most are cut off. */
  #cutOffSlowest(): void {
    const { registry, endings, ledger } = this.#options;
    const slowest = [...registry.all()].sort((one, other) => other.writer.heldBytes - one.writer.heldBytes);
    for (const connection of slowest) {
      if (ledger.excessBytes === 0 || connection.writer.heldBytes === 0) return;
      endings.breakOff(connection);
      // The socket gives up its bytes now, and tells its end a moment later.
      connection.writer.finish();
    }
  }

  /**
   * No more keep-alive. Pending and half-received requests are served, and so is every request that comes
   * within LAST_REQUEST_MS. Answers say that the connection closes. A connection that is silent for so long
   * ends. So only a request can be lost that crosses our FIN, after a silence. `sweep` must be called often
   * from now on.
   */
  stop(now: number): void {
    const { registry, ownership, deadlines } = this.#options;
    ownership.stop();
    deadlines.shortenKeepAlive(LAST_REQUEST_MS, now);
    for (const { isHandedOut, isEnding, buffer, deadline } of registry.all()) {
      if (!isHandedOut && !isEnding && !buffer.isReceiving()) deadline.resting();
    }
  }

  /** A client between two requests loses nothing by a reset, so a server that stops does not wait for it. */
  #endIdle(connection: Connection): void {
    const { ownership, endings } = this.#options;
    if (ownership.isStopping && connection.writer.owed === 0) connection.socket.destroySoon();
    else endings.end(connection);
  }

  /** Resolves when no connection is left or the time is over. */
  whenNone(timeoutMs: number): Promise<void> {
    return this.#options.registry.whenNone(timeoutMs);
  }

  /**
   * Counts the clients that wait for a response or for the rest of one. A client that was sent everything
   * counts as finished, even if it has not closed yet.
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

  /** What happens to the connections now. Those that are gone count until a worker has given them back. */
  countByState(): Record<ConnectionState, number> {
    const counts = { idle: 0, receiving: 0, queued: 0, running: 0, sending: 0, ending: 0 };
    for (const connection of this.#options.registry.all()) counts[this.#stateOf(connection)]++;
    return counts;
  }

  #stateOf({ number, isOpen, isHandedOut, buffer, writer }: Connection): ConnectionState {
    if (!isOpen) return 'ending';
    if (isHandedOut) {
      return stateOf(this.#options.table.stateWord(number)) === STATE_RUNNING ? 'running' : 'queued';
    }
    if (buffer.isReceiving()) return 'receiving';
    return writer.owed > 0 ? 'sending' : 'idle';
  }

  /** Ends all connections that are left, even if requests are pending. */
  destroyAll(): void {
    const { registry, endings, refused } = this.#options;
    for (const connection of registry.all()) endings.breakOff(connection);
    refused.destroyAll();
  }
}
