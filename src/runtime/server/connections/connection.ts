/**
 * One client as the main thread knows it: its socket, its number, its holder and the state of its end. Only
 * the main thread has these objects. Workers see the entry of the same number in the connection table.
 *
 * Each file keeps its own state in a part of the connection: `buffer` (sockets/inbound.ts), `writer`
 * (sockets/socket-writer.ts), `deadline` (sockets/deadlines.ts) and `attempts` (attempts.ts).
 */

import { invariant } from '../../../platform/invariant.ts';
import type { ClientSocket } from '../sockets/client-socket.ts';
import { type Deadlines, ReceiveDeadline } from '../sockets/deadlines.ts';
import { type Inbound, InboundBuffer } from '../sockets/inbound.ts';
import type { Outbound } from '../sockets/outbound.ts';
import { SocketWriter } from '../sockets/socket-writer.ts';
import { Attempts } from './attempts.ts';
import type { Upload } from './upload.ts';

// ---- The holder of a connection: the slot of a worker that main has told, or one of these ----

/** Nobody holds it, so its buffer may be moved. */
const MAIN = -1;
/** Any worker that pops it from the ready queue. */
export const ANY_WORKER = -2;
/** It waits for a parked worker (dispatch/heavy-requests.ts). */
export const IDLE_WORKER = -3;
/**
 * A worker that hangs. Main has answered in its place and ended the connection. The worker's 'exit' gives it
 * back.
 */
const HUNG_WORKER = -4;

// ---- How far its end has come: it only moves forward ----

const OPEN = 0;
/** The client has sent FIN. Its earlier requests are still served. */
const HALF_CLOSED = 1;
/** We have sent our last byte. Further input is discarded until the client closes too. */
const ENDING = 2;
/** The socket is gone. */
const CLOSED = 3;

/** The deadline that has expired. */
export type Expiry = 'none' | 'idle' | 'request' | 'write' | 'linger';

export interface ConnectionParts {
  readonly inbound: Inbound;
  readonly outbound: Outbound;
  readonly deadlines: Deadlines;
}

export class Connection {
  readonly number: number;
  readonly socket: ClientSocket;
  readonly buffer: InboundBuffer;
  readonly writer: SocketWriter;
  readonly deadline: ReceiveDeadline;
  readonly attempts = new Attempts();
  /**
   * It also grows when main answers in place of a worker that hangs, so that later records of the worker are
   * dropped.
   */
  generation: number;
  /** Position in the ready queue of the last push. */
  queuePosition = 0;
  /** A part of a response was sent, and not its end. */
  isPartial = false;
  /** The credit that the present turn was granted. */
  granted = 0;
  /** Interim responses that main has sent to find out whether the client is gone. */
  probes = 0;
  /** Bytes that it had when main saw that it waits in the queue, -1 until then (overload/overload.ts). */
  bytesSeenWaiting = -1;
  /** It stands in the queue, and no worker may run it, because main answers it (overload/overload.ts). */
  isWithdrawn = false;
  /** Its turn is timed (timing/turn-times.ts). */
  isTimed = false;
  /** The body of the request that its worker runs, while that is streamed. */
  upload: Upload | null = null;
  #holder = MAIN;
  #stage = OPEN;

  constructor(
    number: number,
    generation: number,
    socket: ClientSocket,
    { inbound, outbound, deadlines }: ConnectionParts,
  ) {
    this.number = number;
    this.generation = generation;
    this.socket = socket;
    this.buffer = new InboundBuffer(inbound, number, socket);
    this.writer = new SocketWriter(outbound, number, socket);
    this.deadline = new ReceiveDeadline(deadlines);
  }

  // ---- Ownership ----

  /** READY or RUNNING: the buffer must not be moved. */
  get isHandedOut(): boolean {
    return this.#holder !== MAIN;
  }

  /** @param holder a slot, ANY_WORKER or IDLE_WORKER */
  isHandedTo(holder: number): boolean {
    return this.#holder === holder;
  }

  handTo(holder: number): void {
    this.#holder = holder;
  }

  takeBack(): void {
    invariant(this.#holder !== MAIN, 'Main takes back what it has handed out.');
    this.#holder = MAIN;
  }

  /** Its owner hangs, and main has answered for it. */
  get isAbandoned(): boolean {
    return this.#holder === HUNG_WORKER;
  }

  abandon(): void {
    invariant(this.#holder !== MAIN, 'Only an owner can hang.');
    this.#holder = HUNG_WORKER;
  }

  // ---- End ----

  /** The client sends no more requests. */
  get isHalfClosed(): boolean {
    return this.#stage === HALF_CLOSED;
  }

  /** We have ended the connection, but the client has not. */
  get isEnding(): boolean {
    return this.#stage === ENDING;
  }

  get isClosed(): boolean {
    return this.#stage === CLOSED;
  }

  /** We have not ended it, and the socket is not gone. */
  get isOpen(): boolean {
    return this.#stage < ENDING;
  }

  /** The client has sent FIN. */
  halfClose(): void {
    if (this.#stage === OPEN) this.#stage = HALF_CLOSED;
  }

  /** We have sent our last byte. */
  end(): void {
    if (this.#stage < ENDING) this.#stage = ENDING;
  }

  /** The socket is gone. */
  close(): void {
    this.#stage = CLOSED;
  }

  expiry(now: number): Expiry {
    if (this.writer.isStalled(now)) return 'write';
    if (!this.deadline.isOver(now)) return 'none';
    // The write deadline bounds the bytes that are still being sent.
    if (this.isEnding) return this.writer.isSending ? 'none' : 'linger';
    if (this.isHandedOut) return 'none';
    return this.deadline.isReceiving ? 'request' : 'idle';
  }
}
