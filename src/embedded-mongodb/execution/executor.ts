/**
 * Runs commands. All commands that have arrived in one turn of the event loop share one transaction, and
 * their replies follow its commit. So one sync to the disk acknowledges them all (group commit).
 *
 * A command that outlasts its first short slice rests. In each turn one resting command gets a slice, after
 * everything that has arrived. So a short command waits for one slice of one long command, however many long
 * ones there are. It waits longer only for a step that cannot rest, such as building an index.
 */
import type { CommandError } from '../command-error.ts';
import { asCommandError } from './as-command-error.ts';
import { CommitGroup } from './commit-group.ts';
import { abandonAtShutdown, type Task } from './task.ts';

/** The part of the database file that the executor uses. */
export interface Transactions {
  readonly inTransaction: boolean;
  /** Returns when all writes are durable. Throws if they are not. */
  commit(): void;
  rollback(): void;
}

/** A command that needs longer counts as long. */
const FIRST_SLICE_MS = 1;
const SLICE_MS = 4;

export class Executor {
  readonly #file: Transactions;
  /** Called after a rollback, because memory may hold what was undone. */
  readonly #onRollback: () => void;
  /** Not started yet, in the order of arrival. */
  #arrived: Task[] = [];
  /** Long commands. The first is the next to run. */
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
      abandonAtShutdown(task);
      return;
    }
    this.#arrived.push(task);
    this.#schedule();
  }

  /** Resolves when no command is left. */
  idle(): Promise<void> {
    if (this.#isIdle) return Promise.resolve();
    return new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  /** Abandons all commands that are left, for a shutdown that cannot wait any longer. */
  stop(): void {
    this.#stopped = true;
    for (const task of [...this.#arrived, ...this.#resting]) abandonAtShutdown(task);
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
    // An immediate runs after every readable socket was read, so that their commands share the commit.
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#scheduled = false;
    const arrived = this.#arrived;
    this.#arrived = [];
    const long = this.#resting.shift();
    const group = new CommitGroup();
    for (const task of arrived) group.run(task, FIRST_SLICE_MS);
    if (long !== undefined) group.run(long, SLICE_MS);
    const failure = this.#commit();
    if (failure === undefined) {
      this.#resting.push(...group.unfinished);
      group.succeed();
    } else {
      group.fail(failure);
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
