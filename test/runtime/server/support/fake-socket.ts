/**
 * A client's socket that a test controls. It receives on command. The kernel takes written bytes at once, or
 * only when the test lets it.
 */

import { EventEmitter } from 'node:events';
import type { ClientSocket } from '../../../../src/runtime/server/sockets/client-socket.ts';

interface PendingWrite {
  readonly data: Buffer;
  readonly callback: (error?: Error | null) => void;
}

export class FakeSocket extends EventEmitter implements ClientSocket {
  readonly remoteAddress: string = '192.0.2.1';
  destroyed = false;
  writableEnded = false;
  isPaused = false;
  isReset = false;
  /** The kernel takes nothing by itself: see `take`. */
  isSlow = false;
  /** Of bytes that are handed to the kernel at once, it takes so many. */
  room = Number.POSITIVE_INFINITY;
  #isCorked = false;
  #taken = '';
  #bytesWritten = 0;
  #pending: PendingWrite[] = [];
  #onEnd: (() => void) | null = null;

  /** The bytes that the kernel has taken, as text. */
  get taken(): string {
    return this.#taken;
  }

  get writableLength(): number {
    return this.#pending.reduce((sum, { data }) => sum + data.length, 0);
  }

  get bytesWritten(): number {
    return this.#bytesWritten;
  }

  /** Calls of `write`. */
  writes = 0;

  // ---- What the test does ----

  /** The client sends something. */
  receive(text: string): void {
    this.emit('data', Buffer.from(text, 'latin1'));
  }

  /** The client sends FIN. */
  halfClose(): void {
    this.emit('end');
  }

  /** The socket is gone. */
  close(): void {
    this.destroyed = true;
    this.emit('close');
  }

  /**
   * The kernel takes the next writes, all if no number is given. Empty writes go with the one before them.
   */
  take(writes = Number.POSITIVE_INFINITY): void {
    let left = writes;
    const isTaken = ({ data }: PendingWrite) => data.length === 0 || left-- > 0;
    const end = this.#pending.findIndex((write) => !isTaken(write));
    const taken = this.#pending.splice(0, end < 0 ? this.#pending.length : end);
    for (const { data } of taken) this.#taken += data.toString('latin1');
    // As after one write of several buffers: all are taken before the first callback.
    for (const { callback } of taken) callback();
    if (this.#pending.length > 0 && writes === Number.POSITIVE_INFINITY) this.take();
    if (this.writableEnded && this.#pending.length === 0) this.#finish();
  }

  // ---- What the server does ----

  /** The part of `writeAtOnce` (client-socket.ts) that the kernel plays. */
  takeAtOnce(source: Buffer, start: number, end: number): number {
    if (this.writableEnded || this.destroyed || this.writableLength > 0)
      throw new Error('Written out of order');
    const count = this.isSlow ? 0 : Math.min(end - start, this.room);
    this.#taken += source.toString('latin1', start, start + count);
    this.room -= count;
    if (count < end - start) this.isSlow = true;
    return count;
  }

  write(data: string | Buffer, encodingOrCallback?: 'latin1' | ((error?: Error | null) => void)): boolean {
    if (this.writableEnded || this.destroyed) throw new Error('Written after the end');
    const bytes = typeof data === 'string' ? Buffer.from(data, 'latin1') : data;
    const callback = typeof encodingOrCallback === 'function' ? encodingOrCallback : () => {};
    this.#bytesWritten += bytes.length;
    this.writes++;
    this.#pending.push({ data: bytes, callback });
    this.#flush();
    return true;
  }

  end(callbackOrData: (() => void) | Buffer): void {
    if (typeof callbackOrData === 'function') this.#onEnd = callbackOrData;
    else this.write(callbackOrData);
    this.writableEnded = true;
    this.#flush();
  }

  cork(): void {
    this.#isCorked = true;
  }

  uncork(): void {
    this.#isCorked = false;
    this.#flush();
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  destroy(): void {
    this.destroyed = true;
  }

  destroySoon(): void {
    this.writableEnded = true;
    this.destroyed = true;
  }

  resetAndDestroy(): void {
    this.isReset = true;
    this.destroyed = true;
  }

  #flush(): void {
    if (!this.isSlow && !this.#isCorked) this.take();
  }

  #finish(): void {
    this.#onEnd?.();
    this.#onEnd = null;
  }
}
