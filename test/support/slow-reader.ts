/**
 * A client that reads only as many bytes as it is asked to. The other bytes stay with the server and in the
 * buffers of the kernel. For tests of slow readers. Waits for events only.
 */

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Node reads that far ahead of its reader. */
const READ_AHEAD_BYTES = 16_384;

export class SlowReader implements Disposable {
  readonly socket: Socket;
  #ended = false;
  #changed: () => void = () => {};

  static async connect(port: number): Promise<SlowReader> {
    const socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      highWaterMark: READ_AHEAD_BYTES,
    } as never);
    await once(socket, 'connect');
    return new SlowReader(socket);
  }

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('readable', () => this.#changed());
    socket.on('end', () => this.#setEnded());
    socket.on('close', () => this.#setEnded());
    // The reader notices it, because there are fewer bytes than expected.
    socket.on('error', () => this.#setEnded());
  }

  /** Up to `most` bytes, at least one. null if the connection has ended. */
  async read(most: number): Promise<Buffer | null> {
    for (;;) {
      const bytes: Buffer | null = this.socket.read(Math.min(most, this.socket.readableLength || most));
      if (bytes !== null) return bytes;
      if (this.#ended) return null;
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }

  /** The head of a response, with the empty line that ends it. */
  async readHead(): Promise<string> {
    let head = '';
    while (!head.endsWith('\r\n\r\n')) {
      const byte = await this.read(1);
      if (byte === null) throw new Error(`The connection has ended after ${JSON.stringify(head)}`);
      head += byte.toString('latin1');
    }
    return head;
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }

  #setEnded(): void {
    this.#ended = true;
    this.#changed();
  }
}
