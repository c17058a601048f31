/**
 * Cuts a connection's bytes into messages of MongoDB's wire protocol, however they were split and joined
 * on the way. One per connection, on the database's thread.
 */
import { ProtocolError } from '../errors.ts';

/** What hello promises as maxMessageSizeBytes. */
export const MAX_MESSAGE_BYTES = 48_000_000;
export const HEADER_BYTES = 16;

export class FrameReader {
  #pieces: Uint8Array[] = [];
  #length = 0;
  /** Length of the message being received, once its first four bytes are there. */
  #needed = 0;

  /**
   * Takes what was read and yields each message that is complete now; the bytes are its own.
   * @throws ProtocolError for a length that no message can have
   */
  *read(bytes: Uint8Array): Generator<Buffer> {
    this.#pieces.push(bytes);
    this.#length += bytes.length;
    while (this.#length >= 4) {
      if (this.#needed === 0) this.#needed = this.#messageLength();
      if (this.#length < this.#needed) return;
      yield this.#take(this.#needed);
      this.#needed = 0;
    }
  }

  #messageLength(): number {
    const length = this.#joined().readInt32LE(0);
    if (length < HEADER_BYTES || length > MAX_MESSAGE_BYTES)
      throw new ProtocolError(`a message of ${length} bytes`);
    return length;
  }

  #take(length: number): Buffer {
    const joined = this.#joined();
    this.#length -= length;
    this.#pieces = this.#length === 0 ? [] : [joined.subarray(length)];
    return joined.subarray(0, length);
  }

  /** Pieces are joined once, when a message is complete (or its length is needed). */
  #joined(): Buffer {
    const [first] = this.#pieces;
    const joined =
      this.#pieces.length === 1 && first !== undefined
        ? Buffer.from(first.buffer, first.byteOffset, first.byteLength)
        : Buffer.concat(this.#pieces);
    this.#pieces = [joined];
    return joined;
  }
}
