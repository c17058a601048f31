/** What the client can be told, its defaults, and the check of both. */
import type { Dispatcher } from 'undici';
import { CloudVmUsageError } from './errors/client-error.ts';

/** All in milliseconds. */
export interface Timeouts {
  /** Until the connection is there. 5,000. A dispatcher of your own has its own. */
  readonly connectMs: number;
  /** From sending the request to the head of the answer. 35,000, a little more than the server takes. */
  readonly headersMs: number;
  /** From the head of the answer to its end. 30,000. */
  readonly bodyMs: number;
  /** For a whole call, with all its attempts and the waits between them. 90,000. */
  readonly totalMs: number;
}

export interface RetryOptions {
  /** How often a request is sent at most, while it fails. 4. With 1 nothing is sent again. */
  readonly attempts: number;
  /** The longest wait before the second attempt. It doubles with each further one. 200. */
  readonly baseDelayMs: number;
  /** 5,000. The server may ask for more. */
  readonly maxDelayMs: number;
}

export interface ClientOptions {
  /** Of the server, such as `http://127.0.0.1:5001`. A path is put before those of the API. */
  readonly url: string | URL;
  /** As `register` and `login` answer it. Both set it as well, and so do other calls that answer one. */
  readonly token?: string | undefined;
  readonly timeouts?: Partial<Timeouts> | undefined;
  readonly retry?: Partial<RetryOptions> | undefined;
  /** A larger answer, or a larger event, is an error. 16,777,216. */
  readonly maxAnswerBytes?: number | undefined;
  /** Connections to the server, those of event streams included. 128. */
  readonly maxConnections?: number | undefined;
  /** Sends the requests, for a proxy or certificates of your own. It is yours to close. */
  readonly dispatcher?: Dispatcher | undefined;
}

/** What can be told to each call. */
export interface CallOptions {
  /** Ends the call, with the reason of the signal as the error. */
  readonly signal?: AbortSignal | undefined;
  /** Instead of the client's `timeouts.totalMs`. */
  readonly timeoutMs?: number | undefined;
  /**
   * Try again while an operation goes on (the problems `vm-pending` and `snapshot-pending`), until the call's
   * time is over. Otherwise these are errors at once.
   */
  readonly waitWhilePending?: boolean | undefined;
}

export interface Settings {
  readonly origin: string;
  /** What comes before the paths of the API, without a slash at its end. */
  readonly basePath: string;
  readonly timeouts: Timeouts;
  readonly retry: RetryOptions;
  readonly maxAnswerBytes: number;
  readonly maxConnections: number;
}

const TIMEOUTS: Timeouts = { connectMs: 5_000, headersMs: 35_000, bodyMs: 30_000, totalMs: 90_000 };
const RETRY: RetryOptions = { attempts: 4, baseDelayMs: 200, maxDelayMs: 5_000 };
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
const MAX_CONNECTIONS = 128;
/** A timer of Node.js cannot wait for longer. */
export const MAX_DELAY_MS = 2 ** 31 - 1;

/** @throws CloudVmUsageError that names what is wrong */
export function settingsOf(options: ClientOptions): Settings {
  const url = parseUrl(options.url);
  const settings: Settings = {
    origin: url.origin,
    basePath: url.pathname.replace(/\/+$/, ''),
    timeouts: { ...TIMEOUTS, ...known(options.timeouts) },
    retry: { ...RETRY, ...known(options.retry) },
    maxAnswerBytes: options.maxAnswerBytes ?? MAX_ANSWER_BYTES,
    maxConnections: options.maxConnections ?? MAX_CONNECTIONS,
  };
  for (const [name, ms] of Object.entries(settings.timeouts)) requireNumber(`timeouts.${name}`, ms, 1);
  requireNumber('retry.attempts', settings.retry.attempts, 1);
  requireNumber('retry.baseDelayMs', settings.retry.baseDelayMs, 0);
  requireNumber('retry.maxDelayMs', settings.retry.maxDelayMs, 0);
  requireNumber('maxAnswerBytes', settings.maxAnswerBytes, 1);
  requireNumber('maxConnections', settings.maxConnections, 1);
  return settings;
}

/** @throws CloudVmUsageError */
export function requireNumber(name: string, value: number, least: number): void {
  if (typeof value === 'number' && value >= least && value <= MAX_DELAY_MS) return;
  throw new CloudVmUsageError(`${name} must be a number from ${least} to ${MAX_DELAY_MS}`);
}

/** The text is not repeated in errors, because it may hold a password. */
function parseUrl(text: string | URL): URL {
  const url = URL.canParse(String(text)) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new CloudVmUsageError('url must be an absolute URL with http or https');
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new CloudVmUsageError('url must have no user, password, query or fragment');
  }
  return url;
}

/** Without the entries that are undefined, which would hide the defaults. */
function known<Options extends object>(options: Options | undefined): Options {
  const entries = Object.entries(options ?? {}).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Options;
}
