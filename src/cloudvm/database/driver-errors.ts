/**
 * Tells the driver's errors apart: which of them mean that the database cannot be reached, which that it is
 * overloaded or full, which that a unique index refused a write. Used by DatabaseService and the
 * repositories.
 */
import {
  MongoClientClosedError,
  MongoError,
  MongoNetworkError,
  MongoNotConnectedError,
  MongoOperationTimeoutError,
  MongoServerClosedError,
  MongoServerError,
  MongoServerSelectionError,
  MongoTopologyClosedError,
} from 'mongodb';
import { DatabaseFullError, DatabaseSlowError, DatabaseUnreachableError } from './database-errors.ts';

const DUPLICATE_KEY = 11000;

/**
 * A server that steps down, shuts down or starts up says so with one of these
 * (https://github.com/mongodb/specifications, "Server Discovery and Monitoring", state change errors).
 */
const STATE_CHANGE_CODES: ReadonlySet<unknown> = new Set([91, 189, 10058, 10107, 11600, 11602, 13435, 13436]);

/** Unauthorized and AuthenticationFailed: no operation can succeed before an operator acts. */
const REFUSED_CODES: ReadonlySet<unknown> = new Set([13, 18]);

/** OutOfDiskSpace. */
const DISK_FULL = 14031;

export function isDuplicateKey(error: unknown): error is MongoServerError {
  return error instanceof MongoServerError && error.code === DUPLICATE_KEY;
}

/**
 * The fields of the unique index that refused a write, in the words of the domain, where the server tells.
 * @throws the error itself where it does not
 */
export function duplicateFields(
  error: MongoServerError,
  names: Readonly<Record<string, string>>,
): readonly string[] {
  const { keyPattern }: Readonly<Record<string, unknown>> = error;
  if (typeof keyPattern !== 'object' || keyPattern === null) throw error;
  return Object.keys(keyPattern).map((key) => names[key] ?? key);
}

/** The connection broke while an operation was under way: whether it happened is unknown. */
export function isOutcomeUnknown(error: unknown): boolean {
  return (
    error instanceof MongoNetworkError ||
    (error instanceof MongoServerError && STATE_CHANGE_CODES.has(error.code))
  );
}

/** @returns the error of ours that says the same, or the error as it came */
export function translateDriverError(error: unknown): unknown {
  if (isWaitQueueTimeout(error)) {
    return new DatabaseSlowError('no database connection became free in time', { cause: error });
  }
  if (isUnreachable(error)) {
    return new DatabaseUnreachableError('the database cannot be reached', { cause: error });
  }
  if (error instanceof MongoServerError && error.code === DISK_FULL) {
    return new DatabaseFullError('the disk of the database is full', { cause: error });
  }
  return error;
}

function isUnreachable(error: unknown): boolean {
  return (
    isOutcomeUnknown(error) ||
    error instanceof MongoServerSelectionError ||
    error instanceof MongoOperationTimeoutError ||
    error instanceof MongoNotConnectedError ||
    error instanceof MongoServerClosedError ||
    error instanceof MongoTopologyClosedError ||
    error instanceof MongoClientClosedError ||
    (error instanceof MongoServerError && REFUSED_CODES.has(error.code))
  );
}

function isWaitQueueTimeout(error: unknown): boolean {
  // The driver does not export the class.
  return error instanceof MongoError && error.name === 'MongoWaitQueueTimeoutError';
}
