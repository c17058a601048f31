/**
 * Runs commands. All commands that are there in one turn of the event loop share one transaction, and
 * their replies follow its commit: one sync to the disk acknowledges them all. A command that takes long gives
 * way after a first short slice; of all such commands one gets a slice in each turn, behind whatever has arrived. So a
 * short command waits for one slice, however many long ones there are; or for one step, where that takes longer, as
 * building an index does, and sorting what was found.
 */
import { CommandError } from './errors.ts';
import { isDiskFull } from './storage/sqlite.ts';

/** Work in steps: yields where others may have their turn, returns its reply as BSON. */
export type CommandSteps = Generator<void, Uint8Array>;

/** What the executor needs of the database file. */
export interface Transactions {
  readonly inTransaction: boolean;
  /** Returns when all that was written is durable, or throws and it is not. */
  commit(): void;
  rollback(): void;
}

export interface Task {
  readonly steps: CommandSteps;
  readonly slice: Slice;
  /** Its connection is gone and it only reads: nobody needs the rest. */
  cancelled(): boolean;
  complete(reply: Uint8Array): void;
  fail(error: unknown): void;
}

/** Until a command counts as a long one. */
const FIRST_SLICE_MS = 1;
const SLICE_MS = 4;
const STEPS_BETWEEN_CLOCK_READS = 16;

/** How long a command may go on in this turn, and at all (`maxTimeMS`). */
export class Slice {
  #end = 0;
  #deadline = Infinity;
  #steps = 0;

  begin(milliseconds: number): void {
    this.#steps = 0;
    this.#end = performance.now() + milliseconds;
  }

  limitTo(milliseconds: number): void {
    if (milliseconds > 0) this.#deadline = performance.now() + milliseconds;
  }

  /**
   * To be asked after each document looked at.
   * @throws CommandError MaxTimeMSExpired
   */
  isSpent(): boolean {
    this.#steps += 1;
    if (this.#steps % STEPS_BETWEEN_CLOCK_READS !== 0) return false;
    const now = performance.now();
    if (now > this.#deadline) throw new CommandError('MaxTimeMSExpired', 'operation exceeded time limit');
    return now > this.#end;
  }
}

export class Executor {
  readonly #file: Transactions;
  /** Called when what was executed has been undone by a failed commit. */
  readonly #onRollback: () => void;
  /** Not begun yet, in the order in which they came. */
  #arrived: Task[] = [];
  /** Long ones, the next to go on first. */
  #resting: Task[] = [];
  #scheduled = false;
  #whenIdle: (() => void)[] = [];
  #stopped = false;

  constructor(file: Transactions, onRollback: () => void) {
    this.#file = file;
    this.#onRollback = onRollback;
  }

  submit(task: Task): void {
    if (this.#stopped) {
      task.fail(shutdown());
      return;
    }
    this.#arrived.push(task);
    this.#schedule();
  }

  /** Resolves when nothing is left to do. */
  idle(): Promise<void> {
    if (this.#isIdle) return Promise.resolve();
    return new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  /** Ends what is left: for a close that cannot wait any longer. */
  stop(): void {
    this.#stopped = true;
    for (const task of [...this.#arrived, ...this.#resting]) abandon(task, shutdown());
    this.#arrived = [];
    this.#resting = [];
    this.#afterTurn();
  }

  get #isIdle(): boolean {
    return this.#arrived.length === 0 && this.#resting.length === 0;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    // After all sockets that have something to read were read.
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#scheduled = false;
    const arrived = this.#arrived;
    this.#arrived = [];
    const long = this.#resting.shift();
    const turn = new Turn();
    for (const task of arrived) turn.run(task, FIRST_SLICE_MS);
    if (long !== undefined) turn.run(long, SLICE_MS);
    const failure = this.#commit();
    if (failure === undefined) {
      this.#resting.push(...turn.unfinished);
      for (const outcome of turn.outcomes) outcome();
    } else {
      // Whoever wrote is undone, and whoever read may have read what is undone: all of them fail.
      for (const task of turn.tasks) abandon(task, failure);
    }
    this.#afterTurn();
  }

  #commit(): CommandError | undefined {
    if (!this.#file.inTransaction) return undefined;
    try {
      this.#file.commit();
      return undefined;
    } catch (error) {
      this.#file.rollback();
      this.#onRollback();
      return asCommandError(error, 'the write could not be made durable: ');
    }
  }

  #afterTurn(): void {
    if (!this.#isIdle) {
      this.#schedule();
      return;
    }
    const waiting = this.#whenIdle;
    this.#whenIdle = [];
    for (const resolve of waiting) resolve();
  }
}

/** What is no refusal of a command: the file's own errors, and defects. */
export function asCommandError(error: unknown, introduction = ''): CommandError {
  if (error instanceof CommandError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new CommandError(isDiskFull(error) ? 'OutOfDiskSpace' : 'InternalError', `${introduction}${reason}`);
}

/** What one turn has run. */
class Turn {
  readonly tasks: Task[] = [];
  readonly unfinished: Task[] = [];
  /** What to do after the commit. */
  readonly outcomes: (() => void)[] = [];

  run(task: Task, sliceMs: number): void {
    if (task.cancelled()) {
      abandon(task, new CommandError('Interrupted', 'the connection was closed'));
      return;
    }
    this.tasks.push(task);
    task.slice.begin(sliceMs);
    try {
      const step = task.steps.next();
      if (step.done === true) this.outcomes.push(() => task.complete(step.value));
      else this.unfinished.push(task);
    } catch (error) {
      this.outcomes.push(() => task.fail(error));
    }
  }
}

/** Ends its steps where they stand, so that their `finally` is run. */
function abandon(task: Task, error: CommandError): void {
  task.steps.return(new Uint8Array(0));
  task.fail(error);
}

function shutdown(): CommandError {
  return new CommandError('InterruptedAtShutdown', 'the embedded database is being closed');
}
