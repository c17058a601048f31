/** The command line asks for something that there is not. Its message says all, so no stack is shown. */
export class UsageError extends Error {
  readonly code = 'ERR_BENCH_USAGE';
  override readonly name = 'UsageError';
}

/** Whether it is one, or one of Node.js's own reader of command lines. */
export function isUsageError(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  return error instanceof UsageError || ('code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'));
}
