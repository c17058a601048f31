/** The control words of a worker with their rules checked. */

import { invariant } from '../../../platform/invariant.ts';
import type { SharedMemory } from '../layout.ts';
import { NO_CONNECTION } from '../protocol.ts';
import { WorkerWords } from '../workers/worker-words.ts';

export class CheckedWorkerWords extends WorkerWords {
  readonly #connections: number;

  constructor(shared: Pick<SharedMemory, 'words' | 'layout'>, slot: number) {
    super(shared, slot);
    this.#connections = shared.layout.connections;
  }

  override get current(): number {
    return super.current;
  }

  override set current(connection: number) {
    if (connection !== NO_CONNECTION) {
      invariant(connection >= 0 && connection < this.#connections, 'A handler runs for a connection.');
      invariant(super.current === NO_CONNECTION, 'One handler at a time runs synchronously.');
    }
    super.current = connection;
  }

  override get inFlight(): number {
    return super.inFlight;
  }

  override set inFlight(count: number) {
    invariant(count >= 0, 'No more handlers settle than were started.');
    super.inFlight = count;
  }

  override set unsentKilobytes(kilobytes: number) {
    invariant(kilobytes >= 0, 'No more memory is given back than was held.');
    super.unsentKilobytes = kilobytes;
  }
}
