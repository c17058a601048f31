/**
 * Takes the framing off a body that comes piece by piece (RFC 9112, section 6). Worker threads only. The core
 * decodes bodies that lie in the connection's buffer as a whole.
 */

export interface BodyDecoder {
  /** The last byte of the body has come. */
  readonly isComplete: boolean;
  /**
   * @param content gets views of the bytes that are content
   * @returns how many bytes belong to the body. What follows is the next request
   * @throws HttpProblem 400, 413, 431. Nothing can be decoded after that
   */
  decode(bytes: Uint8Array, content: Uint8Array[]): number;
}

/** A body of announced length. */
export class LengthDecoder implements BodyDecoder {
  #left: number;

  constructor(length: number) {
    this.#left = length;
  }

  get isComplete(): boolean {
    return this.#left === 0;
  }

  decode(bytes: Uint8Array, content: Uint8Array[]): number {
    const count = Math.min(bytes.length, this.#left);
    if (count > 0) content.push(bytes.subarray(0, count));
    this.#left -= count;
    return count;
  }
}
