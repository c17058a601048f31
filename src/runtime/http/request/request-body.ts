/**
 * The content of one request. It is read from the connection's buffer in shared memory on first use. The
 * caller gets a private copy. Text is decoded in place. IncomingRequest ends it before the buffer is given
 * back.
 */
import { decodeChunked } from '../../core/chunked.ts';
import type { ParseRecord } from '../../core/parse-record.ts';
import { RequestEndedError } from '../application-errors.ts';
import { bodyTooLarge } from '../problem.ts';
import { beforePrivateCopy } from './private-copies.ts';
import { decodeUtf8 } from './request-content.ts';

/** The content as the request reads it. */
export interface Content {
  /** Of the content, without chunk framing. */
  readonly length: number;
  /** The request said that there would be a body, perhaps of length 0. */
  readonly isAnnounced: boolean;
  /** A private copy, the same one at each call. */
  bytes(): Uint8Array;
  /** @throws HttpProblem 400 where it is not UTF-8 */
  text(): string;
  /** Whether a content coding was removed. */
  readonly isDecoded: boolean;
  /** The content piece by piece, as it comes. It can be read once. */
  pieces(): AsyncIterable<Uint8Array>;
  /** The memory is given back. Parts that were not read before can no longer be read. */
  end(): void;
}

/** Where the pieces of a streamed body come from. */
export interface ContentSource {
  /** null if it is not known before the end. */
  readonly length: number | null;
  /** Beyond it, `read` throws 413. */
  maxBytes: number;
  /**
   * @returns a private piece, or null at the end
   * @throws HttpProblem 400, 408, 413, 503, and what has aborted the request
   */
  read(): Promise<Uint8Array | null>;
}

/** The content as it has come, read from the connection's buffer. */
export class RequestBody implements Content {
  readonly isDecoded = false;
  readonly length: number;
  readonly isAnnounced: boolean;
  readonly #isChunked: boolean;
  readonly #start: number;
  readonly #wireLength: number;
  /** null once given back. */
  #memory: Buffer | null;
  #bytes: Uint8Array | null = null;
  #text: string | null = null;

  /** @param address of the request's first byte in `memory` */
  constructor(record: ParseRecord, memory: Buffer | null, address: number) {
    this.length = record.bodyLength;
    this.isAnnounced = record.announcesBody;
    this.#isChunked = record.isChunked;
    this.#start = address + record.bodyStart;
    this.#wireLength = record.bodyWireLength;
    this.#memory = memory;
  }

  bytes(): Uint8Array {
    this.#bytes ??= this.#copy();
    return this.#bytes;
  }

  text(): string {
    this.#text ??= decodeUtf8(this.#bytes ?? this.#readable());
    return this.#text;
  }

  async *pieces(): AsyncGenerator<Uint8Array> {
    if (this.length > 0) yield this.bytes();
  }

  end(): void {
    this.#memory = null;
  }

  #copy(): Uint8Array {
    beforePrivateCopy(this.length);
    const content = this.#readable();
    return this.#isChunked ? content : new Uint8Array(content);
  }

  /** Must be read at once and not given out, because a body in one piece is a view of shared memory. */
  #readable(): Uint8Array {
    if (this.length === 0) return new Uint8Array(0);
    if (this.#memory === null) throw new RequestEndedError();
    if (this.#isChunked) return decodeChunked(this.#memory, this.#start, this.#wireLength, this.length);
    return this.#memory.subarray(this.#start, this.#start + this.length);
  }
}

/** Content that was decoded, in memory of its own. */
export class DecodedBody implements Content {
  readonly isAnnounced = true;
  readonly isDecoded = true;
  readonly #bytes: Uint8Array;
  #text: string | null = null;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get length(): number {
    return this.#bytes.length;
  }

  bytes(): Uint8Array {
    return this.#bytes;
  }

  text(): string {
    this.#text ??= decodeUtf8(this.#bytes);
    return this.#text;
  }

  async *pieces(): AsyncGenerator<Uint8Array> {
    yield this.#bytes;
  }

  end(): void {
    // Its memory belongs to nobody else.
  }
}

/** Content that its handler reads as it comes. It is never there as a whole. */
export class StreamedBody implements Content {
  readonly isAnnounced = true;
  readonly isDecoded = false;
  readonly #source: ContentSource;

  constructor(source: ContentSource) {
    this.#source = source;
  }

  get length(): number {
    return this.#source.length ?? 0;
  }

  /** @throws HttpProblem 413 if its length is announced and larger */
  limit(maxBytes: number): void {
    this.#source.maxBytes = maxBytes;
    if (this.length > maxBytes) throw bodyTooLarge();
  }

  bytes(): never {
    throw new TypeError('The route streams the content of its requests: read request.stream()');
  }

  text(): never {
    return this.bytes();
  }

  async *pieces(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const piece = await this.#source.read();
      if (piece === null) return;
      yield piece;
    }
  }

  end(): void {
    // The source ends with its turn.
  }
}

/** A body that has come as a whole, as a source. */
export class WholeSource implements ContentSource {
  readonly length: number;
  maxBytes = Number.POSITIVE_INFINITY;
  #bytes: Uint8Array | null;

  constructor(body: Content) {
    this.length = body.length;
    this.#bytes = body.length > 0 ? body.bytes() : null;
  }

  async read(): Promise<Uint8Array | null> {
    const bytes = this.#bytes;
    this.#bytes = null;
    return bytes;
  }
}
