/**
 * What the main thread knows of one client: its socket, its number and its inbound buffer. Only the main thread
 * has these objects; workers see the entry of the same number in the connection table.
 */

import type { Socket } from 'node:net';

/** `assignedTo` of a READY connection that stands in the ready queue. */
export const IN_QUEUE = -1;
/** `assignedTo` of a READY connection that waits in the dispatcher for a worker without handlers in flight. */
export const WAITS_FOR_IDLE = -2;

export class Connection {
  readonly number: number;
  /** Grows also when main takes a request away from a stuck worker, whose later records are then dropped. */
  generation: number;
  readonly socket: Socket;

  // ---- Inbound buffer ----
  address = 0;
  /** 0: there is no buffer. */
  capacity = 0;
  /** Bytes in the buffer. */
  length = 0;
  /** Those of them whose requests are answered, by the records drained so far. */
  consumed = 0;
  /** Bytes for which the buffer had no room while a worker owned it; reading stops then. */
  overflow: Buffer | null = null;
  readingPaused = false;
  /** The buffer's length that the next turn waits for. */
  needed = 0;

  // ---- Ownership ----
  /** READY or RUNNING: the buffer must not be moved. */
  handedOut = false;
  /** Position in the ready queue of the last push. */
  queuePosition = 0;
  /** While READY: IN_QUEUE, WAITS_FOR_IDLE, or the slot of the worker that was told to serve it. */
  assignedTo = IN_QUEUE;
  /** Its owner hangs, so main has answered for it and ended the connection; the owner's 'exit' gives it back. */
  abandoned = false;
  /** How often the request in process was run again after the death of a worker. */
  reruns = 0;
  /** How often it was queued again because a worker died before it had begun the next request. */
  retakes = 0;

  // ---- Outbound ----
  /** A part of a response was sent, and not its end. */
  partial = false;
  /** Bytes given to the socket and not yet taken by the kernel; their credit is owed to the worker. */
  owed = 0;
  flushing = false;
  corked = false;

  // ---- End ----
  /** The socket is gone. */
  closed = false;
  /** The client has sent FIN: what came before is still served. */
  halfClosed = false;
  /** The last byte was sent; what still comes in is thrown away until the client closes too. */
  ending = false;

  // ---- Deadlines, in milliseconds of performance.now() ----
  /** When the first byte of the request that is being received came; 0: none has. */
  receivingSince = 0;
  receiveDeadline = Number.POSITIVE_INFINITY;
  writeDeadline = Number.POSITIVE_INFINITY;
  /** What the kernel had taken when the write deadline was set: more at the deadline means that the client reads. */
  taken = 0;

  constructor(number: number, generation: number, socket: Socket) {
    this.number = number;
    this.generation = generation;
    this.socket = socket;
  }
}
