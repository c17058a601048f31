/** Turns any error into one that a command can be answered with. */
import { CommandError } from '../command-error.ts';
import { isDiskFull } from '../storage/sqlite-errors.ts';

/** @param introduction begins the message of an error that is not a CommandError, such as one of SQLite */
export function asCommandError(error: unknown, introduction = ''): CommandError {
  if (error instanceof CommandError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new CommandError(isDiskFull(error) ? 'OutOfDiskSpace' : 'InternalError', `${introduction}${reason}`);
}
