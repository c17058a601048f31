/**
 * The error that a command is refused with. It carries MongoDB's own codes, so that the official driver and
 * its users recognise it. Every part of the embedded database that looks at a command throws it.
 */

/** Those of MongoDB's error codes that this database answers with. */
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
  NotSingleValueField: 54,
  NotExactValueField: 55,
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
  NotAReplicaSet: 123,
  InvalidPipelineOperator: 168,
  CannotIndexParallelArrays: 171,
  QueryPlanKilled: 175,
  InvalidIndexSpecificationOption: 197,
  QueryExceededMemoryLimitNoDiskUseAllowed: 292,
  APIVersionError: 322,
  APIStrictError: 323,
  BSONObjectTooLarge: 10334,
  DuplicateKey: 11000,
  InterruptedAtShutdown: 11600,
  Interrupted: 11601,
  OutOfDiskSpace: 14031,
  UnrecognizedPipelineStage: 40324,
  IDLFailedToParse: 40414,
  IDLUnknownField: 40415,
  RegexOptionsTwice: 51075,
  InvalidRegularExpression: 51091,
  InvalidRegexOptions: 51108,
  RegexMatchLimit: 51156,
  ApiVersionMissing: 4886600,
} as const;

export type ErrorCodeName = keyof typeof ErrorCode;

/** Refuses a command, or one statement of a bulk write. `details` become fields of the error document. */
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

/** The error document that the driver reads. */
export function errorReply(error: CommandError): Record<string, unknown> {
  return { ok: 0, errmsg: error.message, code: error.code, codeName: error.codeName, ...error.details };
}
