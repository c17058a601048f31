/**
 * The commands that share one commit: those that the executor runs in one turn of the event loop. Their
 * replies wait until it is known whether the commit succeeded.
 */
import { CommandError } from '../command-error.ts';
import { abandon, type Task } from './task.ts';

export class CommitGroup {
  readonly #tasks: Task[] = [];
  /** They need more slices. */
  readonly unfinished: Task[] = [];
  readonly #outcomes: (() => void)[] = [];

  /** Runs one slice of the task. */
  run(task: Task, sliceMs: number): void {
    if (task.cancelled()) {
      abandon(task, new CommandError('Interrupted', 'the connection was closed'));
      return;
    }
    this.#tasks.push(task);
    task.slice.begin(sliceMs);
    try {
      const step = task.steps.next();
      if (step.done === true) this.#outcomes.push(() => task.complete(step.value));
      else this.unfinished.push(task);
    } catch (error) {
      this.#outcomes.push(() => task.fail(error));
    } finally {
      task.slice.end();
    }
  }

  /** After the commit: sends the replies. */
  succeed(): void {
    for (const outcome of this.#outcomes) outcome();
  }

  /**
   * After a failed commit: fails every task. The writes are undone, and the reads may have seen what is
   * undone.
   */
  fail(error: CommandError): void {
    for (const task of this.#tasks) abandon(task, error);
  }
}
