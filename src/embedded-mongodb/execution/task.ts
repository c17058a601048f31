/** A command on its way through the executor. */
import { CommandError } from '../command-error.ts';
import type { Slice } from './slice.ts';

/** A command in steps. It yields where other commands may run, and returns its reply as BSON. */
export type CommandSteps = Generator<void, Uint8Array>;

export interface Task {
  readonly steps: CommandSteps;
  readonly slice: Slice;
  /** True if the command only reads and its connection is gone, so that nobody needs its reply. */
  cancelled(): boolean;
  complete(reply: Uint8Array): void;
  fail(error: unknown): void;
}

/** Ends a task early. Its steps run their `finally` blocks. */
export function abandon(task: Task, error: CommandError): void {
  task.steps.return(new Uint8Array(0));
  task.fail(error);
}

export function abandonAtShutdown(task: Task): void {
  abandon(task, new CommandError('InterruptedAtShutdown', 'the embedded database is shutting down'));
}
