/**
 * The errors of the HTTP layer that the application causes, with stable codes. They are for the developer and
 * the log. A client sees only an HttpProblem (problem.ts). Workers throw them. RouterError and
 * ApplicationError also stop a process that is starting.
 */

/** The base of all errors of this layer. `code` is stable, the message is for people. */
export class HttpLayerError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

export type RouterErrorCode =
  | 'ERR_METER'
  | 'ERR_RATE_LIMIT'
  | 'ERR_ROUTE_PATTERN'
  | 'ERR_ROUTE_DUPLICATE'
  | 'ERR_ROUTE_HANDLER'
  | 'ERR_ROUTE_OPTIONS'
  | 'ERR_ROUTE_SCHEMA'
  | 'ERR_ROUTER_COMPILED';

/** A route or middleware that cannot be registered. */
export class RouterError extends HttpLayerError {
  constructor(code: RouterErrorCode, message: string) {
    super(code, message);
  }
}

export type ResponseErrorCode =
  | 'ERR_RESPONSE_ENDED'
  | 'ERR_RESPONSE_SENT'
  | 'ERR_RESPONSE_MISSING'
  | 'ERR_STATUS_CODE'
  | 'ERR_HEADER_NAME'
  | 'ERR_HEADER_VALUE'
  | 'ERR_HEADER_RESERVED'
  | 'ERR_BODY'
  | 'ERR_PRECONDITIONS_UNCHECKED'
  | 'ERR_OUTBOUND_MEMORY';

/** A response that the application built in a way that cannot be sent. */
export class ResponseError extends HttpLayerError {
  constructor(code: ResponseErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options);
  }
}

/** A part of the request was read for the first time after its memory had been given back. */
export class RequestEndedError extends HttpLayerError {
  constructor() {
    super(
      'ERR_REQUEST_ENDED',
      'The request has ended and can no longer be read. Read what you need before the response ends',
    );
  }
}

/**
 * Whether a handler went on with a request that was answered: it has not returned its promise, or its client
 * has got 504 meanwhile. Nothing is wrong with the worker.
 */
export function isTooLate(error: unknown): boolean {
  if (error instanceof RequestEndedError) return true;
  return error instanceof ResponseError && error.code === 'ERR_RESPONSE_SENT';
}

export type ApplicationErrorCode = 'ERR_APPLICATION_LOAD' | 'ERR_APPLICATION_SHAPE';

/** An application module that cannot be loaded or lacks what the runtime needs. */
export class ApplicationError extends HttpLayerError {
  constructor(code: ApplicationErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options);
  }
}
