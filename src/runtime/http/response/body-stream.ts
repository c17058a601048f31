/**
 * Handles a response's body without sending it: tells whether it is a stream, releases a stream that will not
 * be sent, and wraps a stream in another. The pipeline, the finishers that wrap streams, and the runtime (for
 * HEAD and for clients that are gone) use it.
 */

/** A piece of a stream. Strings are sent as UTF-8. */
export type BodyPiece = Uint8Array | string;
export type BodyStream = AsyncIterable<BodyPiece>;
export type ResponseBody = null | string | Uint8Array | BodyStream;

export interface StreamOptions {
  /**
   * Bytes of all pieces together, if that is known, as for a file. The client is told the length in advance.
   * A stream that yields more or fewer bytes is an error, and its response is cut off.
   */
  readonly length?: number;
}

export function isStream(body: ResponseBody): body is BodyStream {
  return body !== null && typeof body !== 'string' && !(body instanceof Uint8Array);
}

/**
 * Releases the resources of a body that will not be sent, such as the file behind a stream. That happens for
 * HEAD, for 304, and when an error replaces the body. Only for streams that nobody iterates: an iteration
 * that has begun is ended by its own `return`. Rejects if the stream's clean-up does.
 */
export async function discardBody(body: ResponseBody): Promise<void> {
  if (isStream(body)) await discardStream(body);
}

export async function discardStream(
  stream: AsyncIterable<unknown> & Partial<AsyncDisposable>,
): Promise<void> {
  // Node's streams and generators have asyncDispose. The iterator of a Readable that has not begun would not
  // destroy it by `return`, which is why dispose comes first.
  if (typeof stream[Symbol.asyncDispose] === 'function') {
    await stream[Symbol.asyncDispose]?.();
  } else {
    await stream[Symbol.asyncIterator]().return?.();
  }
}

/**
 * Wraps a stream in another. A generator alone is not enough: if it is given up before it has begun, none of
 * its code runs, and its source would never be released.
 */
export function derivedStream(
  source: AsyncIterable<unknown>,
  generate: () => AsyncGenerator<BodyPiece, void, undefined>,
): BodyStream & AsyncDisposable {
  return {
    [Symbol.asyncIterator]: generate,
    [Symbol.asyncDispose]: () => discardStream(source),
  };
}
