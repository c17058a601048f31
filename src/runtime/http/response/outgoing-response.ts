/**
 * The implementation of `Response`, with the operations that only the runtime may use: start over, answer in
 * the handler's place, seal. It sends nothing. After the pipeline has run, the runtime reads from it the
 * status code, the header lines and the body. Used in worker threads, one for each request.
 */
import { stringifySetCookie } from 'cookie';
import { ResponseError } from '../application-errors.ts';
import { HttpProblem, PROBLEM_CONTENT_TYPE, type ProblemExtras, problemBody } from '../problem.ts';
import {
  type BodyStream,
  discardBody,
  isStream,
  type ResponseBody,
  type StreamOptions,
} from './body-stream.ts';
import { JSON_CONTENT_TYPE } from './complete-response.ts';
import type { CookieOptions, EndedResponse } from './response.ts';
import { ResponseHeaders } from './response-headers.ts';
import { allowsContent, MAX_STATUS, MIN_STATUS } from './status.ts';

const TEXT_CONTENT_TYPE = 'text/plain; charset=utf-8';
const HTML_CONTENT_TYPE = 'text/html; charset=utf-8';
const BYTES_CONTENT_TYPE = 'application/octet-stream';

export interface AnsweredRequest {
  /** The `instance` of a problem. It is read only if there is a problem. */
  readonly path: string;
  /** For the log. */
  readonly routeName: string;
}

export class OutgoingResponse implements EndedResponse {
  /** For the encoder and the runtime. Handlers use the methods below, which heed the seal. */
  readonly headers = new ResponseHeaders();
  readonly #request: AnsweredRequest;
  #statusCode = 200;
  #body: ResponseBody = null;
  #streamLength: number | null = null;
  #ended = false;
  #sealed = false;

  constructor(request: AnsweredRequest) {
    this.#request = request;
  }

  get statusCode(): number {
    return this.#statusCode;
  }

  get body(): ResponseBody {
    return this.#body;
  }

  /** Bytes of the body where it is a stream that knows them. */
  get streamLength(): number | null {
    return this.#streamLength;
  }

  get ended(): boolean {
    return this.#ended;
  }

  get sealed(): boolean {
    return this.#sealed;
  }

  status(code: number): this {
    this.#assertOpen();
    if (!Number.isInteger(code) || code < MIN_STATUS || code > MAX_STATUS) {
      throw new ResponseError(
        'ERR_STATUS_CODE',
        `The status code must be an integer from ${MIN_STATUS} to ${MAX_STATUS}, not ${code}`,
      );
    }
    assertMayHave(code, this.#body);
    this.#statusCode = code;
    return this;
  }

  header(name: string, value: string): this {
    this.#assertOpen();
    this.headers.set(name, value);
    return this;
  }

  appendHeader(name: string, value: string): this {
    this.#assertOpen();
    this.headers.append(name, value);
    return this;
  }

  getHeader(name: string): string | undefined {
    return this.headers.get(name);
  }

  removeHeader(name: string): this {
    this.#assertOpen();
    this.headers.delete(name);
    return this;
  }

  vary(name: string): this {
    this.#assertOpen();
    this.headers.addToList('Vary', name);
    return this;
  }

  cookie(name: string, value: string, options: CookieOptions = {}): this {
    return this.appendHeader('Set-Cookie', stringifySetCookie({ ...options, name, value }));
  }

  clearCookie(name: string, options: CookieOptions = {}): this {
    return this.cookie(name, '', { ...options, expires: new Date(0), maxAge: 0 });
  }

  json(value: unknown): void {
    const body = JSON.stringify(value);
    if (body === undefined) {
      throw new ResponseError('ERR_BODY', `A value of type ${typeof value} has no JSON form`);
    }
    this.#end(body, JSON_CONTENT_TYPE);
  }

  rawJson(json: string): void {
    assertText(json);
    this.#end(json, JSON_CONTENT_TYPE);
  }

  text(text: string, contentType = TEXT_CONTENT_TYPE): void {
    assertText(text);
    this.#end(text, contentType);
  }

  html(html: string): void {
    assertText(html);
    this.#end(html, HTML_CONTENT_TYPE);
  }

  bytes(bytes: Uint8Array, contentType = BYTES_CONTENT_TYPE): void {
    if (!(bytes instanceof Uint8Array)) {
      throw new ResponseError('ERR_BODY', 'The body must be a Uint8Array');
    }
    this.#end(bytes, contentType);
  }

  stream(pieces: BodyStream, contentType = BYTES_CONTENT_TYPE, options: StreamOptions = {}): void {
    if (typeof pieces?.[Symbol.asyncIterator] !== 'function') {
      throw new ResponseError('ERR_BODY', 'The body must be an async iterable');
    }
    const { length = null } = options;
    if (length !== null) assertLength(length);
    this.#end(pieces, contentType);
    this.#streamLength = length;
  }

  empty(status = 204): void {
    this.status(status);
    this.#end(null, null);
  }

  problem(status: number, detail: string, extras: ProblemExtras = {}): void {
    this.endWithProblem(new HttpProblem(status, detail, extras));
  }

  replaceBody(body: ResponseBody): void {
    this.#assertOpen();
    assertMayHave(this.#statusCode, body);
    this.#setBody(body);
  }

  // ---- For the runtime alone ----

  /** A 304 in place of a 200: the fields that describe the content are removed (RFC 9110, section 15.4.5). */
  becomeNotModified(): void | Promise<void> {
    this.#assertOpen();
    const body = this.#body;
    this.#setBody(null);
    this.#statusCode = 304;
    this.headers.deleteRepresentationHeaders();
    if (isStream(body)) return discardBody(body);
  }

  /** Ends with the problem, whatever Content-Type was set. */
  endWithProblem(problem: HttpProblem): void {
    this.status(problem.status);
    for (const [name, value] of Object.entries(problem.headers)) {
      this.headers.set(name, value);
    }
    this.#end(problemBody(problem, this.#request.path), PROBLEM_CONTENT_TYPE, true);
  }

  /**
   * The pipeline starts over, to answer with an error. Fields that belong to the old answer go, those of CORS
   * stay.
   */
  reset(): void {
    this.#assertOpen();
    this.#ended = false;
    this.#setBody(null);
    this.#statusCode = 200;
    this.headers.deleteOutcomeHeaders();
  }

  /** The runtime answers in the handler's place. It may do so even after the seal. */
  becomeProblem(problem: HttpProblem): void {
    this.#sealed = false;
    this.reset();
    this.endWithProblem(problem);
    this.#sealed = true;
  }

  /** The runtime has taken the body, so its source need not stay in memory while it is being sent. */
  forgetBody(): void {
    this.#setBody(null);
  }

  /** Forbids any later change. The pipeline calls it, and the runtime when it answers itself. */
  seal(): void {
    this.#sealed = true;
  }

  #end(body: ResponseBody, contentType: string | null, replaceContentType = false): void {
    this.#assertOpen();
    if (this.#ended) {
      throw new ResponseError('ERR_RESPONSE_ENDED', 'The response has ended already. A handler ends it once');
    }
    assertMayHave(this.#statusCode, body);
    if (contentType !== null && (replaceContentType || this.headers.contentType === null)) {
      this.headers.setContentType(contentType);
    }
    this.#setBody(body);
    this.#ended = true;
  }

  /** An announced length belongs to one stream and is dropped with it. */
  #setBody(body: ResponseBody): void {
    this.#body = body;
    this.#streamLength = null;
  }

  #assertOpen(): void {
    if (this.#sealed) {
      throw new ResponseError(
        'ERR_RESPONSE_SENT',
        `The response of ${this.#request.routeName} was sent already. A handler must return a promise that settles ` +
          'when it has finished',
      );
    }
  }
}

/** The client would read content that the status does not allow as the next response on the connection. */
function assertMayHave(status: number, body: ResponseBody): void {
  if (body === null || allowsContent(status)) return;
  throw new ResponseError(
    'ERR_BODY',
    `A ${status} response has no content. End it with empty(${status}) alone`,
  );
}

function assertLength(length: number): void {
  if (Number.isSafeInteger(length) && length >= 0) return;
  throw new ResponseError(
    'ERR_BODY',
    `The length of a stream must be a whole number of bytes, not ${length}`,
  );
}

function assertText(text: unknown): asserts text is string {
  if (typeof text !== 'string') throw new ResponseError('ERR_BODY', 'The body must be a string');
}
