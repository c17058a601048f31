/** Recognises the errors of node:sqlite by SQLite's result codes (https://www.sqlite.org/rescode.html). */

const SQLITE_BUSY = 5;
const SQLITE_FULL = 13;
const SQLITE_TOOBIG = 18;
const SQLITE_CONSTRAINT_PRIMARYKEY = 1555;
const SQLITE_CONSTRAINT_UNIQUE = 2067;
/** The low byte of an extended result code is its primary result code. */
const PRIMARY_CODE_MASK = 0xff;

export function isUniqueViolation(error: unknown): boolean {
  const code = resultCode(error);
  return code === SQLITE_CONSTRAINT_PRIMARYKEY || code === SQLITE_CONSTRAINT_UNIQUE;
}

export function isDiskFull(error: unknown): boolean {
  return resultCode(error) === SQLITE_FULL;
}

/** A value is longer than the limit that the file was opened with. */
export function isTooBig(error: unknown): boolean {
  return resultCode(error) === SQLITE_TOOBIG;
}

export function isBusy(error: unknown): boolean {
  return ((resultCode(error) ?? 0) & PRIMARY_CODE_MASK) === SQLITE_BUSY;
}

function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined;
  return typeof error.errcode === 'number' ? error.errcode : undefined;
}
