/**
 * Errors as a client may read them: problem details (RFC 9457). Middleware and controllers throw an
 * HttpProblem, and the pipeline makes its response of it. The main thread uses `protocolErrorResponse` when
 * there is no Request yet: for a request that cannot be parsed, for a timeout, and for overload.
 */
import { completeResponse } from './response/complete-response.ts';
import { reasonPhrase } from './response/status.ts';

/** One thing that is wrong with a body or query. `path` is a JSON pointer, or '' for the whole. */
export interface ProblemError {
  readonly path: string;
  readonly message: string;
}

export interface ProblemExtras {
  /** A URI reference for the kind of problem. By default the one of the status. */
  readonly type?: string;
  /** A short summary of the kind of problem. By default the phrase of the status. */
  readonly title?: string;
  readonly errors?: readonly ProblemError[];
  /** Further headers of the response, such as WWW-Authenticate or Retry-After. */
  readonly headers?: Readonly<Record<string, string>>;
  /** For the log only: a client never sees it. */
  readonly cause?: unknown;
}

export const PROBLEM_CONTENT_TYPE = 'application/problem+json';

/** Thrown to answer a request with a problem. */
export class HttpProblem extends Error {
  readonly code = 'ERR_HTTP_PROBLEM';
  readonly status: number;
  readonly type: string;
  readonly title: string;
  readonly detail: string;
  readonly errors: readonly ProblemError[];
  readonly headers: Readonly<Record<string, string>>;

  /**
   * @param status 400 to 599
   * @param detail a sentence for the client about this occurrence. It reveals no internals
   */
  constructor(status: number, detail: string, extras: ProblemExtras = {}) {
    super(detail, extras.cause === undefined ? undefined : { cause: extras.cause });
    if (!Number.isInteger(status) || status < 400 || status > 599) {
      throw new RangeError(`The status of a problem must be from 400 to 599, not ${status}`);
    }
    this.name = 'HttpProblem';
    this.status = status;
    this.type = extras.type ?? problemType(status);
    this.title = extras.title ?? problemTitle(status);
    this.detail = detail;
    this.errors = extras.errors ?? [];
    this.headers = extras.headers ?? {};
  }
}

/** The fields of a problem from which its body is made. Every HttpProblem has them. */
export type ProblemFields = Pick<HttpProblem, 'type' | 'title' | 'status' | 'detail' | 'errors'>;

/**
 * The kind of problem for a status, as a path-absolute reference. An application can serve a page there. It
 * is the registered phrase in kebab case, so it is stable: 404 is "/problems/not-found".
 */
export function problemType(status: number): string {
  return `/problems/${problemTitle(status)
    .toLowerCase()
    .replace(/[^a-z]+/g, '-')}`;
}

export function problemTitle(status: number): string {
  return reasonPhrase(status) || (status < 500 ? 'Client Error' : 'Server Error');
}

/** The JSON of a problem. `instance` is the path of the request, null where it is not known. */
export function problemBody(problem: ProblemFields, instance: string | null): string {
  return JSON.stringify({
    type: problem.type,
    title: problem.title,
    status: problem.status,
    detail: problem.detail,
    ...(instance === null ? {} : { instance }),
    ...(problem.errors.length === 0 ? {} : { errors: problem.errors }),
  });
}

/**
 * A complete response for a request that never reaches an application, or whose application is gone.
 * @param detail a sentence for the client
 * @param headers further headers, such as Retry-After. They are trusted and not checked
 * @param persists whether the connection persists. It must not if the framing is in doubt
 */
export function protocolErrorResponse(
  status: number,
  detail: string,
  headers: Readonly<Record<string, string>> = {},
  persists = false,
): Buffer {
  const body = problemBody(new HttpProblem(status, detail), null);
  return completeResponse({ status, contentType: PROBLEM_CONTENT_TYPE, body, headers, persists });
}

/** The content is larger than its route takes. */
export function bodyTooLarge(): HttpProblem {
  return new HttpProblem(413, 'The body is larger than this route takes.');
}
