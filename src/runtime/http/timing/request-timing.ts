/**
 * The stopwatch of one request: it adds up how long the request was in each stage, one stage at a time. Only
 * requests that are timed have one (server/timing/sampling.ts). Used in worker threads.
 *
 * What an application waits for as `database` is taken off the stage in which it waits, also if several
 * waits overlap. So the times of all stages together are the time of the request.
 */
import type { Stage } from '../../memory/workers/stages.ts';

export class RequestTiming {
  readonly #milliseconds = new Map<Stage, number>();
  #stage: Stage;
  #since: number;
  /** The stage in which the application waits, and how many waits are under way. */
  #interrupted: Stage | null = null;
  #waits = 0;
  /** How many stages the runtime has begun. What was awaited in an earlier one counts no longer. */
  #begun = 0;
  #isOver = false;

  /** @param now milliseconds of performance.now() */
  constructor(stage: Stage, now: number) {
    this.#stage = stage;
    this.#since = now;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** By stage, in the order in which they were entered. */
  get milliseconds(): ReadonlyMap<Stage, number> {
    return this.#milliseconds;
  }

  /** The runtime has come to a stage. Afterwards the one before has its time. */
  enter(stage: Stage): void {
    if (this.#isOver) return;
    this.#switch(stage);
    this.#interrupted = null;
    this.#waits = 0;
    this.#begun++;
  }

  /** A part of a stage that has ended was not really a part of it. */
  deduct(stage: Stage, milliseconds: number): void {
    const whole = this.#milliseconds.get(stage) ?? 0;
    this.#milliseconds.set(stage, Math.max(whole - milliseconds, 0));
  }

  /** The application begins to wait. @returns what is to be called when that is over */
  wait(stage: Stage): () => void {
    const begun = this.#begun;
    if (this.#waits++ === 0) {
      this.#interrupted = this.#stage;
      this.#switch(stage);
    }
    return () => {
      if (this.#isOver || this.#begun !== begun || --this.#waits > 0) return;
      this.#switch(this.#interrupted ?? stage);
    };
  }

  /** Nothing is added any more. */
  end(): void {
    if (this.#isOver) return;
    this.#switch(this.#stage);
    this.#isOver = true;
  }

  #switch(stage: Stage): void {
    const now = performance.now();
    this.#add(this.#stage, now - this.#since);
    this.#stage = stage;
    this.#since = now;
  }

  #add(stage: Stage, milliseconds: number): void {
    this.#milliseconds.set(stage, (this.#milliseconds.get(stage) ?? 0) + milliseconds);
  }
}
