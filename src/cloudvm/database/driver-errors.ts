/**
 * Tells the driver's errors apart: the database cannot be reached, it is overloaded or full, or a unique
 * index refused a write. Used by DatabaseService and the repositories.
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
import { unreachableCause } from './unreachable-cause.ts';

const DUPLICATE_KEY = 11000;

/**
 * A server that steps down, shuts down or starts up says so with one of these
 * (https://github.com/mongodb/specifications, "Server Discovery and Monitoring", state change errors).
 */
const STATE_CHANGE_CODES: ReadonlySet<unknown> = new Set([91, 189, 10058, 10107, 11600, 11602, 13435, 13436]);

const SOCKET_CALLS: ReadonlySet<unknown> = new Set(['connect', 'read', 'write', 'shutdown']);

/**
 * A router that lost a shard, or a server that is not ready for a read, says so with one of these
 * (https://github.com/mongodb/specifications, "Retryable Reads").
 */
const UNREADABLE_CODES: ReadonlySet<unknown> = new Set([6, 7, 89, 134, 262, 9001]);

/** Unauthorized and AuthenticationFailed. No operation can succeed before an operator acts. */
const REFUSED_CODES: ReadonlySet<unknown> = new Set([13, 18]);

/** OutOfDiskSpace. */
const DISK_FULL = 14031;

export function isDuplicateKey(error: unknown): error is MongoServerError {
  return error instanceof MongoServerError && error.code === DUPLICATE_KEY;
}

/**
 * The fields of the unique index that refused a write, in the words of the domain, if the server tells.
 * @throws the error itself if it does not
 */
export function duplicateFields(
  error: MongoServerError,
  names: Readonly<Record<string, string>>,
): readonly string[] {
  const { keyPattern }: Readonly<Record<string, unknown>> = error;
  if (typeof keyPattern !== 'object' || keyPattern === null) throw error;
  return Object.keys(keyPattern).map((key) => names[key] ?? key);
}

/** The connection broke while an operation was under way, so it may or may not have happened. */
export function isOutcomeUnknown(error: unknown): boolean {
  return (
    error instanceof MongoNetworkError ||
    isSocketError(error) ||
    (error instanceof MongoServerError && STATE_CHANGE_CODES.has(error.code))
  );
}

/** The driver passes some errors of its sockets on as they are, such as EPIPE when the server has died. */
function isSocketError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && SOCKET_CALLS.has(error.syscall);
}

/** A read that failed may succeed when it is sent once more. */
export function isReadRepeatable(error: unknown): boolean {
  return isOutcomeUnknown(error) || (error instanceof MongoServerError && UNREADABLE_CODES.has(error.code));
}

/**
 * @param where the hosts of the database, without credentials
 * @returns our error for it, or the error itself
 */
export function translateDriverError(error: unknown, where: string): unknown {
  if (isWaitQueueTimeout(error)) {
    return new DatabaseSlowError('no database connection became free in time', { cause: error });
  }
  if (isUnreachable(error)) {
    const message = `the database at ${where} cannot be reached: ${unreachableCause(error)}`;
    return new DatabaseUnreachableError(message, { cause: error });
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
    isRefusal(error) ||
    isLookupFailure(error)
  );
}

function isRefusal(error: unknown): boolean {
  return (
    error instanceof MongoServerError &&
    (REFUSED_CODES.has(error.code) || error.hasErrorLabel('HandshakeError'))
  );
}

/** For mongodb+srv:// the driver passes on the resolver's own errors. */
function isLookupFailure(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && /^query(?:Srv|Txt)$/.test(String(error.syscall));
}

function isWaitQueueTimeout(error: unknown): boolean {
  // The driver does not export the class.
  return error instanceof MongoError && error.name === 'MongoWaitQueueTimeoutError';
}
