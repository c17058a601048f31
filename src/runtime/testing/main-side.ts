/**
 * What the main thread is for the worker, without threads and sockets: it lays the bytes of clients into the
 * shared memory, hands connections to the one worker, and takes back what that publishes. Memory, protocol
 * and worker are those of the server, so a request goes the same way from its bytes to the bytes of its
 * response.
 */
import type { ConnectionTable } from '../memory/connections/connection-table.ts';
import { addressToWords } from '../memory/connections/peer-address.ts';
import { stateOf } from '../memory/connections/state-word.ts';
import { allocateMemory, computeLayout, type SharedMemory, viewMemory } from '../memory/layout.ts';
import {
  openConnectionTable,
  openMainBell,
  openOutboundRingReader,
  openWorkerWords,
} from '../memory/open.ts';
import {
  STATE_IDLE,
  type STATE_READY,
  STATE_RUNNING,
  TURN_ABORT,
  TURN_CLOSE,
  TURN_GOES_ON,
  TURN_MASK,
  TURN_NEED,
} from '../memory/protocol.ts';
import { AtomicFlag } from '../memory/synchronization/atomic-flag.ts';
import type { MainBell } from '../memory/synchronization/parking.ts';
import type { OutboundRingReader } from '../memory/workers/outbound-ring-reader.ts';
import { ServingWorkers } from '../memory/workers/serving-workers.ts';
import type { WorkerWords } from '../memory/workers/worker-words.ts';
import type { BodyFailure, UploadMessage } from '../worker/messages.ts';
import type { RequestWorker } from '../worker/request-worker.ts';
import { type ConnectionEvents, InjectedConnection } from './injected-connection.ts';

/** The only worker. */
export const SLOT = 0;
/** Requests that may be in process simultaneously, if there is memory for so many of the largest. */
export const MAX_CONNECTIONS = 64;
const MAX_INBOUND_BYTES = 1_073_741_824;

const RING_BYTES = 262_144;
const CORE_BYTES = 4 * 65_536;
const WINDOW_BYTES = 65_536;

/** Of a body that is streamed, at most. */
const PIECE_BYTES = 65_536;

type Worker = Pick<RequestWorker, 'serveAssigned' | 'onBell' | 'onAbort' | 'onHalfClosed' | 'onUpload'>;

export class MainSide implements ConnectionEvents {
  readonly shared: SharedMemory;
  readonly #bufferBytes: number;
  readonly #table: ConnectionTable;
  readonly #ring: OutboundRingReader;
  readonly #words: WorkerWords;
  readonly #bell: MainBell;
  readonly #connections = new Map<number, InjectedConnection>();
  readonly #freeNumbers: number[];
  /** Connections with a streamed body: whether the worker waits for a piece. */
  readonly #uploads = new Map<number, boolean>();
  #worker: Worker | null = null;

  /** @param bufferBytes for the largest request */
  constructor(bufferBytes: number) {
    this.#bufferBytes = bufferBytes;
    const connections = Math.min(MAX_CONNECTIONS, Math.floor(MAX_INBOUND_BYTES / bufferBytes));
    this.#freeNumbers = Array.from({ length: connections }, (_, number) => number);
    const layout = computeLayout({
      workers: 1,
      connections,
      inboundBytes: connections * bufferBytes,
      ringBytes: RING_BYTES,
      coreBytes: CORE_BYTES,
    });
    this.shared = viewMemory(allocateMemory(layout), layout);
    this.#table = openConnectionTable(this.shared);
    this.#ring = openOutboundRingReader(this.shared, SLOT);
    this.#words = openWorkerWords(this.shared, SLOT);
    this.#words.reset();
    this.#bell = openMainBell(this.shared);
    this.#bell.park();
    new AtomicFlag(this.shared.words, layout.runningWord).set();
    new ServingWorkers(this.shared).publish([SLOT]);
  }

  /** The worker takes part from now on. */
  serveWith(worker: Worker): void {
    this.#worker = worker;
  }

  /** @throws Error if too many requests are in process */
  connect(remoteAddress: string): InjectedConnection {
    const number = this.#freeNumbers.pop();
    if (number === undefined)
      throw new Error(`No more than ${this.#table.capacity} requests can be injected at a time`);
    const generation = this.#table.open(number, WINDOW_BYTES);
    this.#table.setPeer(number, addressToWords(remoteAddress));
    this.#table.setBuffer(number, this.shared.layout.inboundAddress + number * this.#bufferBytes);
    const connection = new InjectedConnection(number, generation, this);
    this.#connections.set(number, connection);
    return connection;
  }

  /** All clients go away. */
  disconnect(): void {
    for (const connection of this.#connections.values()) connection.destroy();
  }

  /** The worker has published something. Main learns of it later, as by a message between threads. */
  readonly onBell = (): void => {
    setImmediate(this.#drain);
  };

  /** The worker says something about a streamed body. Main learns of it later. */
  onUpload(message: UploadMessage): void {
    setImmediate(() => this.#proceedWith(message));
  }

  // ---- What clients do ----

  received(connection: InjectedConnection, bytes: Uint8Array): number {
    const { number } = connection;
    if (this.#uploads.has(number)) return this.#receivePiece(connection, bytes);
    const length = this.#table.length(number);
    const count = Math.min(bytes.length, this.#bufferBytes - length);
    if (count === 0) return 0;
    this.shared.bytes.set(bytes.subarray(0, count), this.#table.address(number) + length);
    if (this.#isIn(number, STATE_IDLE)) {
      this.#table.setContent(number, length + count, 0);
      this.#handOut(number);
    } else {
      this.#table.setLength(number, length + count);
    }
    return count;
  }

  taken({ number }: InjectedConnection, bytes: number): void {
    this.#table.extendCredit(number, bytes);
    if (this.#table.takeCreditWait(number)) this.#worker?.onBell();
  }

  ended(connection: InjectedConnection): void {
    const { number, generation } = connection;
    if (this.#uploads.get(number) === true) this.#sendPiece(connection, null, 'incomplete');
    if (this.#isIn(number, STATE_RUNNING)) this.#worker?.onHalfClosed(number, generation);
  }

  gone({ number, generation }: InjectedConnection): void {
    if (this.#isIn(number, STATE_IDLE)) {
      this.#release(number);
      return;
    }
    const wasRunning = this.#isIn(number, STATE_RUNNING);
    this.#table.close(number);
    if (wasRunning) this.#worker?.onAbort(number, generation);
  }

  // ---- Streamed bodies ----

  #proceedWith(message: UploadMessage): void {
    const connection = this.#connections.get(message.connection);
    if (connection === undefined || connection.generation !== message.generation) return;
    const { number, generation, destroyed, writableFinished } = connection;
    if (destroyed) return;
    if (message.type === 'body-ended') {
      this.#uploads.delete(number);
      if (message.surplus.length > 0) this.received(connection, message.surplus);
      connection.readOn();
      this.#worker?.onUpload({ type: 'body-closed', connection: number, generation });
    } else if (this.#table.length(number) > message.seen) {
      this.#sendPiece(connection, null, null);
    } else if (writableFinished) {
      this.#sendPiece(connection, null, 'incomplete');
    } else {
      this.#uploads.set(number, true);
      connection.readOn();
    }
  }

  /** @returns how many of the bytes were sent on */
  #receivePiece(connection: InjectedConnection, bytes: Uint8Array): number {
    if (this.#uploads.get(connection.number) !== true) return 0;
    const piece = bytes.slice(0, PIECE_BYTES);
    this.#sendPiece(connection, piece, null);
    return piece.length;
  }

  #sendPiece(
    { number, generation }: InjectedConnection,
    bytes: Uint8Array | null,
    failure: BodyFailure | null,
  ) {
    this.#uploads.set(number, false);
    setImmediate(() =>
      this.#worker?.onUpload({ type: 'body', connection: number, generation, bytes, failure }),
    );
  }

  // ---- What the worker does ----

  #handOut(number: number): void {
    this.#table.makeReady(number);
    setImmediate(() => this.#worker?.serveAssigned(number));
  }

  readonly #drain = (): void => {
    while (!this.#ring.isEmpty) {
      while (this.#ring.next()) this.#onRecord();
      this.#ring.release();
    }
    // Nothing can be published between the look and this line, because the worker runs on this thread.
    this.#bell.park();
    if (this.#words.takeRingWait()) this.#worker?.onBell();
  };

  #onRecord(): void {
    const { connection: number, flags, payloadAddress, payloadLength } = this.#ring;
    const connection = this.#connections.get(number);
    if (connection === undefined) return;
    if (payloadLength > 0) {
      connection.send(
        Buffer.from(this.shared.bytes.subarray(payloadAddress, payloadAddress + payloadLength)),
      );
    }
    const turn = flags & TURN_MASK;
    if (turn !== TURN_GOES_ON) this.#endTurn(connection, turn);
  }

  #endTurn(connection: InjectedConnection, turn: number): void {
    const { number } = connection;
    this.#table.endRequest(number);
    if (connection.destroyed) {
      this.#release(number);
      return;
    }
    const hasMore = this.#giveBack(connection, turn);
    if (turn === TURN_CLOSE || turn === TURN_ABORT) connection.finish();
    else if (hasMore) this.#handOut(number);
    else connection.readOn();
  }

  /** @returns whether there are bytes that the worker has not seen, or of a next request */
  #giveBack({ number, untaken }: InjectedConnection, turn: number): boolean {
    const { consumed, seen } = this.#ring;
    const table = this.#table;
    const length = table.length(number);
    table.makeIdle(number);
    table.setCredit(number, WINDOW_BYTES - untaken);
    const address = table.address(number);
    this.shared.bytes.copyWithin(address, address + consumed, address + length);
    table.setContent(number, length - consumed, 0);
    if (turn === TURN_NEED) return length > seen;
    table.clearResume(number);
    return length > consumed;
  }

  #release(number: number): void {
    this.#table.release(number);
    this.#connections.delete(number);
    this.#uploads.delete(number);
    this.#freeNumbers.push(number);
  }

  #isIn(number: number, state: typeof STATE_IDLE | typeof STATE_READY | typeof STATE_RUNNING): boolean {
    return stateOf(this.#table.stateWord(number)) === state;
  }
}
