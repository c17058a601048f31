/** Makes the client's errors of what undici throws. */
import {
  CloudVmError,
  CloudVmNetworkError,
  CloudVmTimeout,
  CloudVmUsageError,
} from '../errors/client-error.ts';

const CONNECT_TIMEOUT = 'UND_ERR_CONNECT_TIMEOUT';
/** Mistakes of the caller, which no further attempt would mend. */
const USAGE: Readonly<Record<string, string>> = {
  UND_ERR_DESTROYED: 'the client is closed',
  UND_ERR_CLOSED: 'the client is closed',
  UND_ERR_INVALID_ARG: 'a header field or the path has characters that cannot be sent',
};

/** @param what begins the message. @param signal of the attempt: its reason wins over what it has caused */
export function transportError(what: string, error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof CloudVmError) return error;
  const code = codeOf(error);
  const cause = plainCause(error, code);
  const mistake = USAGE[code];
  if (mistake !== undefined) return new CloudVmUsageError(`${what}: ${mistake}`, { cause });
  if (code === CONNECT_TIMEOUT) return new CloudVmTimeout(what, 'connect', { cause });
  return new CloudVmNetworkError(`${what} met a broken connection (${code})`, { cause });
}

function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return error instanceof Error ? error.name : 'unknown';
}

/** A copy with the message and the code alone: errors of undici may hold what was received. */
function plainCause(error: unknown, code: string): Error {
  return Object.assign(new Error(error instanceof Error ? error.message : 'unknown'), { code });
}
