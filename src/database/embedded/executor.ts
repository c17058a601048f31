/**
 * Runs commands. All commands that are there in one turn of the event loop share one transaction, and
 * their replies follow its commit: one sync to the disk acknowledges them all. A command that takes long
 * gives way after its slice and goes on in the next turn, so that none holds up the others.
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

const SLICE_MS = 4;
const STEPS_BETWEEN_CLOCK_READS = 16;

/** How long a command may go on in this turn, and at all (`maxTimeMS`). */
export class Slice {
  #end = 0;
  #deadline = Infinity;
  #steps = 0;

  begin(): void {
    this.#steps = 0;
    this.#end = performance.now() + SLICE_MS;
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
  #tasks: Task[] = [];
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
    this.#tasks.push(task);
    this.#schedule();
  }

  /** Resolves when nothing is left to do. */
  idle(): Promise<void> {
    if (this.#tasks.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  /** Ends what is left: for a close that cannot wait any longer. */
  stop(): void {
    this.#stopped = true;
    for (const task of this.#tasks) abandon(task, shutdown());
    this.#tasks = [];
    this.#afterTurn();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    // After all sockets that have something to read were read.
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#scheduled = false;
    const tasks = this.#tasks;
    this.#tasks = [];
    const run: Task[] = [];
    const outcomes: (() => void)[] = [];
    for (const task of tasks) {
      if (task.cancelled()) {
        abandon(task, new CommandError('Interrupted', 'the connection was closed'));
        continue;
      }
      run.push(task);
      const outcome = runSlice(task);
      if (outcome === undefined) this.#tasks.push(task);
      else outcomes.push(outcome);
    }
    const failure = this.#commit();
    if (failure === undefined) {
      for (const outcome of outcomes) outcome();
    } else {
      // Whoever wrote is undone, and whoever read may have read what is undone: all of them fail.
      for (const task of run) abandon(task, failure);
      this.#tasks = this.#tasks.filter((task) => !run.includes(task));
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
    if (this.#tasks.length > 0) {
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

/** @returns what to do after the commit, or undefined if the command is not at its end */
function runSlice(task: Task): (() => void) | undefined {
  task.slice.begin();
  try {
    const step = task.steps.next();
    return step.done === true ? () => task.complete(step.value) : undefined;
  } catch (error) {
    return () => task.fail(error);
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
