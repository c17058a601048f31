/**
 * Says in a few words why the database cannot be reached, from the driver's error. The words name hosts and
 * error codes, never a user or a password. Used by driver-errors.ts.
 */
import { MongoNetworkTimeoutError, MongoServerError, MongoServerSelectionError } from 'mongodb';

const NO_ANSWER = 'no answer in time';

const WORDS_OF_CODE: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was closed',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the network',
  ENOTFOUND: 'unknown host name',
  ENODATA: 'unknown host name',
  EAI_AGAIN: 'the name server does not answer',
  ETIMEDOUT: NO_ANSWER,
  ETIMEOUT: 'the name server does not answer',
  ENOENT: 'there is no such socket',
  EACCES: 'permission denied',
};

/** Codes of OpenSSL and of Node's checks of certificates. */
const TLS_CODE = /^ERR_(?:SSL|TLS)|CERT|SIGNATURE|^EPROTO$/;

/** It includes authentication, because a server that refuses the user is as useless as none. */
export function unreachableCause(error: unknown): string {
  if (error instanceof MongoServerSelectionError) return causeOfSelection(error);
  if (error instanceof MongoServerError) return causeOfServerError(error);
  return causeOfConnection(error);
}

/** The driver asked every server that it knows of until it gave up. Each may have a cause of its own. */
function causeOfSelection({ reason }: MongoServerSelectionError): string {
  if (reason === undefined) return NO_ANSWER;
  const servers = [...reason.servers.values()];
  if (servers.length === 0 || servers.some(({ type }) => type !== 'Unknown')) {
    return `no server can take the operation (${reason.type})`;
  }
  const causes = servers.map(({ address, error }) => ({ address, words: causeOfSilentServer(error) }));
  const [first, ...others] = causes;
  if (others.every(({ words }) => words === first?.words)) return first?.words ?? NO_ANSWER;
  return causes.map(({ address, words }) => `${address}: ${words}`).join(', ');
}

function causeOfSilentServer(error: Error | null): string {
  return error === null ? NO_ANSWER : unreachableCause(error);
}

/** Without the server's message, which may repeat the name of the user. */
function causeOfServerError(error: MongoServerError): string {
  const name = error.codeName ?? `code ${error.code}`;
  return error.hasErrorLabel('HandshakeError') || error.code === 18
    ? `authentication refused (${name})`
    : `refused by the server (${name})`;
}

function causeOfConnection(error: unknown): string {
  const code = codeOf(error);
  if (code !== undefined && TLS_CODE.test(code)) return `TLS failed (${code})`;
  if (code !== undefined) return `${WORDS_OF_CODE[code] ?? 'the connection failed'} (${code})`;
  return error instanceof MongoNetworkTimeoutError ? NO_ANSWER : 'the connection was closed';
}

/** The system's code, which stands on the driver's error or on one of its causes. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  return 'code' in error && typeof error.code === 'string' ? error.code : codeOf(error.cause);
}
