/**
 * The errors of the embedded database: what a command is refused with (MongoDB's own codes, so that the
 * official driver and its users recognise them) and what starting can fail with. All threads import it.
 */

/** MongoDB's code names and numbers, as far as this database answers with them. */
export const ErrorCode = {
  InternalError: 1,
  BadValue: 2,
  FailedToParse: 9,
  Unauthorized: 13,
  TypeMismatch: 14,
  Overflow: 15,
  IllegalOperation: 20,
  InvalidBSON: 22,
  NamespaceNotFound: 26,
  IndexNotFound: 27,
  PathNotViable: 28,
  ConflictingUpdateOperators: 40,
  CursorNotFound: 43,
  MaxTimeMSExpired: 50,
  DollarPrefixedFieldName: 52,
  InvalidIdField: 53,
  EmptyFieldName: 56,
  CommandNotFound: 59,
  ImmutableField: 66,
  CannotCreateIndex: 67,
  InvalidOptions: 72,
  InvalidNamespace: 73,
  IndexOptionsConflict: 85,
  IndexKeySpecsConflict: 86,
  OperationFailed: 96,
  CommandNotSupported: 115,
  ExceededMemoryLimit: 146,
  InvalidPipelineOperator: 168,
  CannotIndexParallelArrays: 171,
  QueryPlanKilled: 175,
  QueryExceededMemoryLimitNoDiskUseAllowed: 292,
  BSONObjectTooLarge: 10334,
  DuplicateKey: 11000,
  InterruptedAtShutdown: 11600,
  Interrupted: 11601,
  OutOfDiskSpace: 14031,
  UnrecognizedPipelineStage: 40324,
  IDLFailedToParse: 40414,
  IDLUnknownField: 40415,
  InvalidRegularExpression: 51091,
} as const;

export type ErrorCodeName = keyof typeof ErrorCode;

/** A command, or one statement of a bulk write, that is refused. `details` join the error document. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly code: number;
  readonly codeName: ErrorCodeName;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(codeName: ErrorCodeName, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.code = ErrorCode[codeName];
    this.codeName = codeName;
    this.details = details;
  }
}

/** Bytes that are no message of the protocol: their connection is closed, nobody else is touched. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  readonly code = 'EMBEDDED_DATABASE_PROTOCOL';
}

/** The driver and its users read `errmsg`, `code` and `codeName`. */
export function errorReply(error: CommandError): Record<string, unknown> {
  return { ok: 0, errmsg: error.message, code: error.code, codeName: error.codeName, ...error.details };
}

/** Starting or running the database failed; `code` is stable. */
export class EmbeddedDatabaseError extends Error {
  override readonly name = 'EmbeddedDatabaseError';
  readonly code: EmbeddedDatabaseErrorCode;

  constructor(code: EmbeddedDatabaseErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

export type EmbeddedDatabaseErrorCode =
  /** Another server holds the data directory. */
  | 'DATA_DIRECTORY_IN_USE'
  /** The directory cannot be made, read or written, or the file in it is no database of ours. */
  | 'DATA_DIRECTORY_UNUSABLE'
  /** The path of the Unix socket would be longer than the system takes. */
  | 'SOCKET_PATH_TOO_LONG'
  /** The database's thread ended although nobody had asked it to. */
  | 'THREAD_DIED';
