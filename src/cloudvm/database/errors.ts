/**
 * Everything the data access layer throws on purpose, each with a stable `code`. Controllers turn the codes into
 * problem details; whatever else is thrown here is a defect and answered with 500. No message holds credentials
 * or a client's values, so all of them may be logged.
 */

export type DatabaseErrorCode =
  | 'DATABASE_UNREACHABLE'
  | 'DATABASE_BUSY'
  | 'DATABASE_FULL'
  | 'DATABASE_CONFIGURATION'
  | 'DUPLICATE_KEY'
  | 'INVALID_CURSOR'
  | 'VERSION_MISMATCH'
  | 'STATUS_CONFLICT'
  | 'IDEMPOTENCY_KEY_REUSED';

export abstract class DatabaseError extends Error {
  abstract readonly code: DatabaseErrorCode;
  override get name(): string {
    return this.constructor.name;
  }
}

/** No server answers, or the connection broke; a write that was under way may or may not have happened. */
export class DatabaseUnreachableError extends DatabaseError {
  readonly code = 'DATABASE_UNREACHABLE';
}

/** More operations wait for a connection than the bound allows: try again later. */
export class DatabaseBusyError extends DatabaseError {
  readonly code = 'DATABASE_BUSY';
}

/** A connection did not become free in time: the database is slow or hangs, which is the operator's to know. */
export class DatabaseSlowError extends DatabaseBusyError {}

/** The database has no room for what was to be written; it can be read all the same. */
export class DatabaseFullError extends DatabaseError {
  readonly code = 'DATABASE_FULL';
}

/** MONGODB_URI or MONGODB_DB cannot be used as they stand. */
export class DatabaseConfigurationError extends DatabaseError {
  readonly code = 'DATABASE_CONFIGURATION';
}

/** Another document already has these values; `keys` names the fields as the domain object calls them. */
export class DuplicateKeyError extends DatabaseError {
  readonly code = 'DUPLICATE_KEY';
  readonly keys: readonly string[];

  constructor(keys: readonly string[], options?: ErrorOptions) {
    super(`already taken: ${keys.join(', ')}`, options);
    this.keys = keys;
  }
}

/** The cursor was not made by this list, or not for this order. */
export class InvalidCursorError extends DatabaseError {
  readonly code = 'INVALID_CURSOR';

  constructor() {
    super('the cursor was not issued for this list and order');
  }
}

/** The document has moved on since the version that the client names (If-Match). */
export class VersionMismatchError extends DatabaseError {
  readonly code = 'VERSION_MISMATCH';
  readonly currentVersion: number;

  constructor(currentVersion: number) {
    super(`the current version is ${currentVersion}`);
    this.currentVersion = currentVersion;
  }
}

/** What was asked for is not allowed in the state the resource is in. */
export class StatusConflictError extends DatabaseError {
  readonly code = 'STATUS_CONFLICT';
  readonly status: string;

  constructor(status: string) {
    super(`not possible while the status is ${status}`);
    this.status = status;
  }
}

/** The Idempotency-Key was used before, for a request with another body. */
export class IdempotencyKeyReusedError extends DatabaseError {
  readonly code = 'IDEMPOTENCY_KEY_REUSED';

  constructor() {
    super('this idempotency key belongs to a request with another body');
  }
}
