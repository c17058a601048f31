/** The problem details for errors of the database. problems.ts uses it. */
import type { HttpProblem } from '../../runtime/application.ts';
import { serverBusy, unavailable } from '../unavailable.ts';
import {
  DatabaseBusyError,
  DatabaseFullError,
  DatabaseSlowError,
  DatabaseUnreachableError,
} from './database-errors.ts';

/** An unreachable database may recover by itself. A full one needs an operator. */
const UNREACHABLE_RETRY_SECONDS = 5;
const FULL_RETRY_SECONDS = 60;

/** @returns undefined for an error that is not the database's */
export function databaseProblem(error: unknown): HttpProblem | undefined {
  if (error instanceof DatabaseBusyError) return serverBusy(error);
  if (error instanceof DatabaseUnreachableError) {
    return unavailable('The database cannot be reached.', UNREACHABLE_RETRY_SECONDS, error);
  }
  if (error instanceof DatabaseFullError) {
    return unavailable('The database takes no more data at present.', FULL_RETRY_SECONDS, error);
  }
  return undefined;
}

/** Whether the operator should learn of it. */
export function isDatabaseTrouble(error: unknown): boolean {
  return (
    error instanceof DatabaseUnreachableError ||
    error instanceof DatabaseFullError ||
    error instanceof DatabaseSlowError
  );
}
