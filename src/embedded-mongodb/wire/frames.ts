/**
 * Cuts a connection's bytes into messages of MongoDB's wire protocol, wherever the chunks begin and end. Each
 * connection has one reader.
 */

import { HEADER_BYTES, MAX_MESSAGE_BYTES } from './protocol.ts';
import { ProtocolError } from './protocol-error.ts';

export class FrameReader {
  #pieces: Uint8Array[] = [];
  #length = 0;
  /** The length of the message that is being received. 0 until its first four bytes have arrived. */
  #needed = 0;

  /**
   * Takes a chunk and yields each message that is complete with it. No later chunk changes the bytes of a
   * message.
   * @throws ProtocolError for an impossible length
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
      throw new ProtocolError(`a message cannot have ${length} bytes`);
    return length;
  }

  #take(length: number): Buffer {
    const joined = this.#joined();
    this.#length -= length;
    this.#pieces = this.#length === 0 ? [] : [joined.subarray(length)];
    return joined.subarray(0, length);
  }

  /** Joins the pieces. This happens once a message is complete, or when its length is needed. */
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
