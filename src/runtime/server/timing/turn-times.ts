/**
 * Main's part of the times of stages (memory/workers/stages.ts): it chooses the turns that are timed, and
 * times what it does for them itself. Main thread.
 */

import type { ConnectionTable } from '../../memory/connections/connection-table.ts';
import { timeSince, timeWord } from '../../memory/connections/turn-time.ts';
import type { StageTimes } from '../../memory/workers/stage-times.ts';
import type { Clock } from '../clock.ts';
import type { Connection } from '../connections/connection.ts';
import type { Sampling } from './sampling.ts';

export interface TurnTimesOptions {
  readonly table: ConnectionTable;
  readonly sampling: Sampling;
  /** Main's own. */
  readonly stageTimes: StageTimes;
  readonly clock: Clock;
}

export class TurnTimes {
  readonly #options: TurnTimesOptions;
  readonly #sampling: Sampling;

  constructor(options: TurnTimesOptions) {
    this.#options = options;
    this.#sampling = options.sampling;
  }

  /** Times a new client, from its socket to the first read. There are few, so none is left out. */
  accept(run: () => void): void {
    const { clock, stageTimes } = this.#options;
    if (!this.#sampling.isOn) {
      run();
      return;
    }
    const start = clock.now();
    run();
    stageTimes.observe('accept', clock.now() - start);
  }

  /** A connection is about to be queued. */
  queued(connection: Connection): void {
    const isTimed = this.#sampling.next();
    // The time of an earlier turn is forgotten.
    if (isTimed || connection.isTimed) this.#note(connection, isTimed);
  }

  /** Sends the payload of a record in a turn that is timed. @param isLast no record of the turn follows */
  send({ number }: Connection, isLast: boolean, send: () => void): void {
    const { table, clock, stageTimes } = this.#options;
    const answeredAt = table.takeAnsweredAt(number);
    const start = clock.now();
    send();
    // The response was in an earlier record, or is in a later one.
    if (answeredAt === 0) return;
    stageTimes.observe('handover', timeSince(answeredAt, start));
    // It is held back, to be written together with what follows.
    if (!isLast) return;
    const end = clock.now();
    stageTimes.observe('write', end - start);
    stageTimes.observe('total', timeSince(table.queuedAt(number), end));
  }

  #note(connection: Connection, isTimed: boolean): void {
    const { table, clock } = this.#options;
    connection.isTimed = isTimed;
    table.setQueuedAt(connection.number, isTimed ? timeWord(clock.now()) : 0);
  }
}
