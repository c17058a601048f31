/**
 * How the workers of a process tell each other of changes. One of them reads the database for all
 * (change-poller.ts). The others say for whom they listen, and when they have written something.
 */
import { BroadcastChannel } from 'node:worker_threads';
import type { Change } from './change.ts';

export type ChannelMessage =
  /** Somebody in the process has written something. */
  | { readonly type: 'written' }
  /**
   * A worker listens for these users. Repeated from time to time, so that a worker that died is forgotten.
   */
  | { readonly type: 'listening'; readonly worker: string; readonly ownerIds: readonly string[] }
  /** The poller has read up to a time. */
  | { readonly type: 'read'; readonly until: number; readonly changes: readonly Change[] };

export class ChangeChannel implements Disposable {
  readonly #channel: BroadcastChannel;
  #isClosed = false;

  /** @param database names the database, since one process may use several */
  constructor(database: string, onMessage: (message: ChannelMessage) => void) {
    this.#channel = new BroadcastChannel(`cloudvm-changes ${database}`);
    this.#channel.onmessage = (event: unknown) => onMessage((event as { data: ChannelMessage }).data);
    // It must not keep a thread alive.
    this.#channel.unref();
  }

  /** To all other threads, not to this one. Does nothing once it is closed. */
  send(message: ChannelMessage): void {
    if (!this.#isClosed) this.#channel.postMessage(message);
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#channel.close();
  }
}
