/**
 * The error that the embedded database fails with when it starts or ends unexpectedly. Every thread may see
 * it.
 */
export class EmbeddedDatabaseError extends Error {
  override readonly name = 'EmbeddedDatabaseError';
  /** Stable: programs may compare it. */
  readonly code: EmbeddedDatabaseErrorCode;

  constructor(code: EmbeddedDatabaseErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

export type EmbeddedDatabaseErrorCode =
  /** Another embedded database has locked the data directory. */
  | 'DATA_DIRECTORY_IN_USE'
  /**
   * The data directory cannot be created, read or written, or its file is not whole or not an embedded
   * database.
   */
  | 'DATA_DIRECTORY_UNUSABLE'
  /** The path of the Unix socket is longer than the system allows. */
  | 'SOCKET_PATH_TOO_LONG'
  /** The database cannot listen on its Unix socket. */
  | 'SOCKET_UNUSABLE'
  /** The database's thread ended although nobody had asked it to. */
  | 'THREAD_DIED';
