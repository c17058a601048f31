/**
 * What can be done with a response's body other than sending it: tell whether it is a stream, give up a
 * stream that will not be sent, and make a stream of another. The pipeline, whatever wraps streams, and the
 * runtime (for HEAD and for clients that are gone) use it.
 */

/** What a stream yields. Strings are sent as UTF-8. */
export type BodyPiece = Uint8Array | string;
export type BodyStream = AsyncIterable<BodyPiece>;
export type ResponseBody = null | string | Uint8Array | BodyStream;

export interface StreamOptions {
  /**
   * Bytes of all pieces together, where that is known, as of a file. The client is told, instead of having to
   * find the end. A stream that yields more or fewer is an error, and its response is cut off.
   */
  readonly length?: number;
}

export function isStream(body: ResponseBody): body is BodyStream {
  return body !== null && typeof body !== 'string' && !(body instanceof Uint8Array);
}

/**
 * Releases what a body that will not be sent holds, such as the file behind a stream. That happens for HEAD,
 * for 304, and when an error takes its place. Only for streams that nobody iterates: an iteration that has
 * begun is ended by its own `return`. Rejects where the stream's clean-up does.
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
 * A stream made of another. A generator alone would not do. One that has not begun runs nothing when it is
 * given up, and what its source holds would stay held.
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
