/** How the workers of a process tell each other at once that the tokens of a user were withdrawn. */
import { BroadcastChannel } from 'node:worker_threads';

export interface Withdrawal {
  readonly userId: string;
  /** Of the tokens that are valid from now on. Undefined: none is, because the user has gone. */
  readonly version: number | undefined;
}

export class SessionChannel implements Disposable {
  readonly #channel: BroadcastChannel;

  /** @param database names the database, since one process may use several */
  constructor(database: string, onWithdrawal: (withdrawal: Withdrawal) => void) {
    this.#channel = new BroadcastChannel(`cloudvm-sessions ${database}`);
    this.#channel.onmessage = (event: unknown) => onWithdrawal((event as { data: Withdrawal }).data);
    // It must not keep a thread alive.
    this.#channel.unref();
  }

  /** To all other threads, not to this one. */
  send(withdrawal: Withdrawal): void {
    this.#channel.postMessage(withdrawal);
  }

  [Symbol.dispose](): void {
    this.#channel.close();
  }
}
