/**
 * The vocabulary of the ownership protocol: the values that the main thread and the workers write into shared
 * words, and what they mean. The classes beside this file read and write them. README.md explains the
 * protocol.
 */

// ---- Units ----

export const WORD_BYTES = 4;
/**
 * One contended word per cache line, so that threads that write neighbouring words do not contend for a line.
 */
export const CACHE_LINE_BYTES = 64;
export const LINE_WORDS = CACHE_LINE_BYTES / WORD_BYTES;

// ---- States of a connection (connection-table.ts) ----

/** The number belongs to no client. */
export const STATE_FREE = 0;
/** Main waits for bytes of the client. */
export const STATE_IDLE = 1;
/** There are bytes to look at. The number stands in the ready queue, or main holds it for an idle worker. */
export const STATE_READY = 2;
/** A worker serves a turn of the connection. */
export const STATE_RUNNING = 3;

/** The owner of a connection that main has popped from the queue itself. No worker has this slot. */
export const MAIN_SLOT = 0x7f;

// ---- Bits of the request word (connection-table.ts): what main must know should the worker die ----

/** GET, HEAD or OPTIONS: the request may be run once more. */
export const REQUEST_SAFE = 1;
/** The response has no body. */
export const REQUEST_HEAD = 2;
/** The connection closes after the response. */
export const REQUEST_CLOSE = 4;
/** Set by main: a heavy request has waited long enough for a parked worker. */
export const REQUEST_INSIST = 8;
/** From an HTTP/1.0 client. If its response has no length, only a reset shows that it is incomplete. */
export const REQUEST_HTTP_1_0 = 16;

/** The bits above these hold the number of the route, plus one. */
const REQUEST_ROUTE_SHIFT = 8;

/** @param route its number, negative if there is none */
export function requestOfRoute(route: number): number {
  return route < 0 ? 0 : (route + 1) << REQUEST_ROUTE_SHIFT;
}

/** @returns the number of the route, -1 if there is none */
export function routeOf(request: number): number {
  return (request >> REQUEST_ROUTE_SHIFT) - 1;
}

// ---- Flags of an outbound record (outbound-ring.ts) ----

/** More records of this turn follow. */
export const TURN_GOES_ON = 0;
/** All complete requests that the worker found are answered. */
export const TURN_ANSWERED = 1;
/** A request is incomplete. The argument says how many bytes are missing, 0 if that is unknown. */
export const TURN_NEED = 2;
/** The next request is for a heavy route, and this worker has handlers in flight. */
export const TURN_HEAVY = 3;
/** The connection is to be closed after these bytes. */
export const TURN_CLOSE = 4;
/** The response cannot be completed. The connection ends so that the client sees that it is incomplete. */
export const TURN_ABORT = 5;
/** The part of the flags that holds a TURN_ constant. */
export const TURN_MASK = 7;
/** The bytes so far end with the end of a response. */
export const RECORD_BOUNDARY = 8;
/** Padding, not a record: it fills the end of the ring if the next record does not fit there. */
export const RECORD_PADDING = 16;

/** How a turn can end. */
export type TurnEnding =
  | typeof TURN_ANSWERED
  | typeof TURN_NEED
  | typeof TURN_HEAVY
  | typeof TURN_CLOSE
  | typeof TURN_ABORT;

// ---- Words of a worker slot (worker-words.ts) ----

/** The claim word of a worker that claims no position of the ready queue. */
export const NO_CLAIM = 0;
/** `current` while the worker runs no handler synchronously. */
export const NO_CONNECTION = -1;

/**
 * The claim word of a worker that claims a position: the low 31 bits of it, and a low bit that says
 * "claimed".
 */
export function claimOf(position: number): number {
  return (position << 1) | 1;
}
