/**
 * Bytes for a client that has not taken earlier ones. A stream of tiny pieces would otherwise keep an object
 * for each of them in the queue of the socket, many times the size of the pieces. Main thread, part of
 * socket-writer.ts.
 */

const BLOCK_BYTES = 16_384;

export class Backlog {
  #blocks: Buffer[] = [];
  /** Bytes in the last block. */
  #used = 0;

  get isEmpty(): boolean {
    return this.#blocks.length === 0;
  }

  /** Copies the bytes in [start, end). */
  append(source: Buffer, start: number, end: number): void {
    for (let position = start; position < end; ) {
      let block = this.#blocks.at(-1);
      if (block === undefined || this.#used === block.length) {
        block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
        this.#blocks.push(block);
        this.#used = 0;
      }
      const copied = source.copy(block, this.#used, position, end);
      this.#used += copied;
      position += copied;
    }
  }

  /** Takes everything out, in order. */
  take(): readonly Buffer[] {
    const blocks = this.#blocks;
    const last = blocks.pop();
    if (last !== undefined) blocks.push(last.subarray(0, this.#used));
    this.#blocks = [];
    this.#used = 0;
    return blocks;
  }
}
