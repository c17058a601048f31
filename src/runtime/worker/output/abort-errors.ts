/**
 * The reasons why a request or its response ends early. The codes are stable, since applications see the
 * errors in `request.signal`.
 */

/** The client closed its connection before it was answered. */
export class ClientGoneError extends Error {
  readonly code = 'ERR_CLIENT_GONE';

  constructor() {
    super('The client has closed the connection');
    this.name = 'AbortError';
  }
}

/** The client is gone, or the worker gives up the response. Nothing more can be written. */
export class OutputAbortedError extends Error {
  readonly code = 'ERR_OUTPUT_ABORTED';

  constructor() {
    super('The response cannot be written: the client is gone or the worker is ending');
    this.name = 'OutputAbortedError';
  }
}
