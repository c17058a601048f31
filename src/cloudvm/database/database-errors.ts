/**
 * The errors of the database itself, each with a stable `code`. No message holds credentials or a client's
 * values, so all of them may be logged. Errors about users and VMs are declared beside their repositories.
 */

export type DatabaseErrorCode =
  | 'DATABASE_UNREACHABLE'
  | 'DATABASE_BUSY'
  | 'DATABASE_FULL'
  | 'DATABASE_CONFIGURATION';

export abstract class DatabaseError extends Error {
  abstract readonly code: DatabaseErrorCode;
  override get name(): string {
    return this.constructor.name;
  }
}

/** No server answers, or the connection broke. A write that was under way may or may not have happened. */
export class DatabaseUnreachableError extends DatabaseError {
  readonly code = 'DATABASE_UNREACHABLE';
}

/** More operations wait for a connection than the bound allows. It passes within a moment. */
export class DatabaseBusyError extends DatabaseError {
  readonly code = 'DATABASE_BUSY';
}

/** No connection became free in time: the database is slow or hangs, which the operator should know. */
export class DatabaseSlowError extends DatabaseBusyError {}

/** The database has no room for a write. Reading still works. */
export class DatabaseFullError extends DatabaseError {
  readonly code = 'DATABASE_FULL';
}

/** MONGODB_URI or MONGODB_DB cannot be used as they stand. */
export class DatabaseConfigurationError extends DatabaseError {
  readonly code = 'DATABASE_CONFIGURATION';
}
