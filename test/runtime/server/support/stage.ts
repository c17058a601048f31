/**
 * The channel between a test and the handlers of the trial application, which run in other threads. Handlers
 * report events, and go on when the test says so. So tests wait for events, not for time.
 */

import { randomUUID } from 'node:crypto';
import { BroadcastChannel } from 'node:worker_threads';

/** An event that a handler reports. */
export interface Cue {
  readonly cue: 'started' | 'aborted' | 'ended';
  readonly key: string;
  /** Of the worker. */
  readonly thread: number;
  /** Name of what aborted it. */
  readonly reason?: string;
}

/** A command of the test: the handler with this key may answer. */
export interface Release {
  readonly release: string;
}

/** A command of the test to every worker: throw outside any request. */
export interface Fail {
  readonly fail: true;
}

export class Stage implements Disposable {
  readonly name = `stage-${randomUUID()}`;
  readonly cues: Cue[] = [];
  readonly #channel = new BroadcastChannel(this.name);
  #changed = Promise.withResolvers<void>();

  constructor() {
    this.#channel.onmessage = ({ data }: { readonly data: unknown }) => {
      const cue = data as Cue | Release | Fail;
      if (!('cue' in cue)) return;
      this.cues.push(cue);
      this.#changed.resolve();
      this.#changed = Promise.withResolvers();
    };
  }

  release(key: string): void {
    this.#channel.postMessage({ release: key } satisfies Release);
  }

  failEverywhere(): void {
    this.#channel.postMessage({ fail: true } satisfies Fail);
  }

  /** Waits until a handler has reported this event, unless it has already. */
  async cue(cue: Cue['cue'], key: string): Promise<Cue> {
    for (;;) {
      const found = this.cues.find((candidate) => candidate.cue === cue && candidate.key === key);
      if (found !== undefined) return found;
      await this.#changed.promise;
    }
  }

  /** How often handlers have reported this event. */
  count(cue: Cue['cue'], key: string): number {
    return this.cues.filter((candidate) => candidate.cue === cue && candidate.key === key).length;
  }

  [Symbol.dispose](): void {
    this.#channel.close();
  }
}
