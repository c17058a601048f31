/**
 * The body of a request that is streamed to its handler, on the worker's side. Worker threads only, one for
 * each such request. Main's side is server/connections/upload.ts. The protocol is in the README of worker/.
 *
 *     open ─▶ closing ─▶ closed   the last byte has come, and main has taken back what follows
 *     any  ─▶ failed              the body is malformed or late, or the client is gone
 */

import { invariant } from '../../../platform/invariant.ts';
import type { ParseRecord } from '../../core/parse-record.ts';
import { HttpProblem } from '../../http/problem.ts';
import type { ContentSource } from '../../http/request/request-body.ts';
import type { BodyArrival, BodyFailure, ToMain } from '../messages.ts';
import type { TurnInput } from '../turn/turn-input.ts';
import { type BodyDecoder, LengthDecoder } from './body-decoder.ts';
import { ChunkedDecoder } from './chunked-decoder.ts';

export interface UploadOptions {
  readonly input: TurnInput;
  readonly post: (message: ToMain) => void;
  /** Sends "100 Continue". */
  readonly invite: () => void;
  /** The body has ended, and main has the bytes that follow it. @param end of the request in the buffer */
  readonly onClosed: (end: number) => void;
  readonly maxTrailerBytes: number;
}

const NOTHING = new Uint8Array(0);

const FAILURES: Readonly<Record<BodyFailure, () => HttpProblem>> = {
  incomplete: () => new HttpProblem(400, 'The request ended before it was complete.'),
  stalled: () => new HttpProblem(408, 'The body of the request did not arrive in time.'),
  'no-memory': () =>
    new HttpProblem(503, 'The server is out of memory for requests.', { headers: { 'Retry-After': '1' } }),
};

export class Upload implements ContentSource {
  readonly length: number | null;
  /** Whether the client lets the connection persist. */
  readonly keepsAlive: boolean;
  maxBytes = Number.POSITIVE_INFINITY;
  /** When main has spoken last, in milliseconds of performance.now(). */
  arrivedAt = 0;
  readonly #options: UploadOptions;
  readonly #expectsContinue: boolean;
  /** In the connection's buffer: bytes before it are decoded. */
  #position: number;
  /** null until the handler reads, because the bounds of the body are not known before. */
  #decoder: BodyDecoder | null = null;
  #pieces: Uint8Array[] = [];
  #arrival: PromiseWithResolvers<void> | null = null;
  #failure: { readonly error: unknown } | null = null;
  #state: 'open' | 'closing' | 'closed' = 'open';

  /** @param record describes the head */
  constructor(record: ParseRecord, options: UploadOptions) {
    this.length = record.isChunked ? null : Math.max(0, record.contentLength);
    this.keepsAlive = record.keepsAlive;
    this.#options = options;
    this.#expectsContinue = record.expectsContinue;
    this.#position = options.input.consumed + record.bodyStart;
  }

  /** Whether the handler waits for the client. */
  get isAwaiting(): boolean {
    return this.#arrival !== null;
  }

  /** Whether more of the body may come. */
  get isOpen(): boolean {
    return this.#state !== 'closed' && this.#failure === null;
  }

  async read(): Promise<Uint8Array | null> {
    for (;;) {
      if (this.#failure !== null) throw this.#failure.error;
      const piece = this.#pieces.shift();
      if (piece !== undefined) return piece;
      if (this.#state === 'closed') return null;
      if (this.#decoder === null) this.#begin();
      else await this.#next();
    }
  }

  /** Main has sent a piece, or tells that there is no more. */
  arrived({ bytes, failure }: BodyArrival): void {
    this.arrivedAt = performance.now();
    if (!this.isOpen) return;
    // The first answer of main says that nothing more is added to the buffer. So these are its last bytes.
    if (this.#options.input.lookAgain() > this.#position) this.#decodeBuffer();
    const rest = bytes === null ? NOTHING : this.#decode(bytes);
    if (this.#failure !== null) return;
    if (this.#decoder?.isComplete === true) this.#end(rest);
    else if (failure !== null) this.fail(FAILURES[failure]());
    else this.#proceed();
  }

  /** Main has taken back what follows the body. */
  closed(): void {
    if (!this.isOpen) return;
    this.#close();
  }

  /** The rest of the body is lost. */
  fail(error: unknown): void {
    if (!this.isOpen) return;
    this.#failure = { error };
    this.#pieces = [];
    this.#proceed();
  }

  #begin(): void {
    const { input, invite, maxTrailerBytes } = this.#options;
    const hasCome = this.#position < input.seen;
    this.#decoder =
      this.length === null
        ? new ChunkedDecoder({ maxBytes: this.maxBytes, maxTrailerBytes })
        : new LengthDecoder(this.length);
    this.#decodeBuffer();
    // All of it lies in the buffer, so main has nothing to take back.
    if (this.#decoder.isComplete) this.#close();
    else if (this.#expectsContinue && !hasCome) invite();
  }

  /** Decodes what lies in the buffer. */
  #decodeBuffer(): void {
    const { input } = this.#options;
    const bytes = input.copy(this.#position);
    this.#position += bytes.length - this.#decode(bytes).length;
  }

  /** @returns the bytes that follow the body */
  #decode(bytes: Uint8Array): Uint8Array {
    invariant(this.#decoder !== null, 'A body is decoded once its handler reads.');
    try {
      return bytes.subarray(this.#decoder?.decode(bytes, this.#pieces));
    } catch (error) {
      this.fail(error);
      return NOTHING;
    }
  }

  /** Gives main what follows the body. The handler learns of the end when main has it. */
  #end(surplus: Uint8Array): void {
    this.#state = 'closing';
    // A copy, since a view would take all of its memory along.
    this.#options.post({ type: 'body-ended', ...this.#address, surplus: surplus.slice() });
    if (this.#pieces.length > 0) this.#proceed();
  }

  #close(): void {
    this.#state = 'closed';
    this.#options.onClosed(this.#position);
    this.#proceed();
  }

  /** Waits for main, which is asked for a piece unless the body has ended. */
  #next(): Promise<void> {
    if (this.#arrival === null) {
      this.#arrival = Promise.withResolvers();
      const { seen } = this.#options.input;
      if (this.#state === 'open') this.#options.post({ type: 'body-wanted', ...this.#address, seen });
    }
    return this.#arrival.promise;
  }

  #proceed(): void {
    this.#arrival?.resolve();
    this.#arrival = null;
  }

  get #address(): { readonly connection: number; readonly generation: number } {
    const { connection, generation } = this.#options.input;
    return { connection, generation };
  }
}
