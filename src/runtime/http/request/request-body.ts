/**
 * The content of one request. It is read from the connection's buffer in shared memory on first use. The
 * caller gets a private copy. Text is decoded in place. IncomingRequest ends it before the buffer is given
 * back.
 */
import { decodeChunked } from '../../core/chunked.ts';
import type { ParseRecord } from '../../core/parse-record.ts';
import { RequestEndedError } from '../application-errors.ts';
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
  /** The memory is given back. Parts that were not read before can no longer be read. */
  end(): void;
}

/** The content as it has come, read from the connection's buffer. */
export class RequestBody implements Content {
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

  end(): void {
    this.#memory = null;
  }

  #copy(): Uint8Array {
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

  end(): void {
    // Its memory belongs to nobody else.
  }
}
