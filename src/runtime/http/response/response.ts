/**
 * The response as an application builds it: status, headers, and one of the enders that give it its body.
 * Nothing is sent from here. After the pipeline has run, it is a plain holder that the runtime reads: status
 * code, header lines and body. Used in worker threads, one for each request.
 */
import { type SerializeOptions, stringifySetCookie } from 'cookie';
import { ResponseError } from '../errors.ts';
import { HttpProblem, PROBLEM_CONTENT_TYPE, type ProblemExtras, problemBody } from '../problem.ts';
import { discardBody, isStream } from './body-stream.ts';
import { ResponseHeaders } from './response-headers.ts';
import { allowsContent, MAX_STATUS, MIN_STATUS } from './status.ts';

/** What a stream yields; strings are sent as UTF-8. */
export type BodyPiece = Uint8Array | string;
export type BodyStream = AsyncIterable<BodyPiece>;
export type ResponseBody = null | string | Uint8Array | BodyStream;

export interface StreamOptions {
  /**
   * Bytes of all pieces together, where that is known, as of a file: the client is told, instead of having to find
   * the end. A stream that yields more or fewer is an error, and its response is cut off.
   */
  readonly length?: number;
}

export type CookieOptions = Omit<SerializeOptions, 'encode'>;

const JSON_CONTENT_TYPE = 'application/json';
const TEXT_CONTENT_TYPE = 'text/plain; charset=utf-8';
const HTML_CONTENT_TYPE = 'text/html; charset=utf-8';
const BYTES_CONTENT_TYPE = 'application/octet-stream';

export class Response {
  /** @internal For the encoder and the runtime; handlers use the methods below, which heed the seal. */
  readonly headers = new ResponseHeaders();
  readonly #request: { readonly path: string };
  #statusCode = 200;
  #body: ResponseBody = null;
  #streamLength: number | null = null;
  #ended = false;
  #sealed = false;

  /** @param request whose path is the `instance` of a problem; read only when there is one */
  constructor(request: { readonly path: string }) {
    this.#request = request;
  }

  get statusCode(): number {
    return this.#statusCode;
  }

  /** null: no content. A string is sent as UTF-8. */
  get body(): ResponseBody {
    return this.#body;
  }

  /** Bytes of the body where it is a stream that knows them. */
  get streamLength(): number | null {
    return this.#streamLength;
  }

  /** One of the enders was called; no further middleware runs. */
  get ended(): boolean {
    return this.#ended;
  }

  /** The runtime has taken it; nothing can be changed any more. */
  get sealed(): boolean {
    return this.#sealed;
  }

  /** @param code a final status, 200 to 599; 204, 205 and 304 only without content */
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

  /** Sets a header, replacing all fields of that name. */
  header(name: string, value: string): this {
    this.#assertOpen();
    this.headers.set(name, value);
    return this;
  }

  /** Adds a field, also where there is one of that name already. */
  appendHeader(name: string, value: string): this {
    this.#assertOpen();
    this.headers.append(name, value);
    return this;
  }

  /** The value of all fields of that name, joined by ", ". */
  getHeader(name: string): string | undefined {
    return this.headers.get(name);
  }

  removeHeader(name: string): this {
    this.#assertOpen();
    this.headers.delete(name);
    return this;
  }

  /** Adds a request header's name to Vary, once. */
  vary(name: string): this {
    this.#assertOpen();
    this.headers.addToList('Vary', name);
    return this;
  }

  /**
   * Adds a Set-Cookie field. HttpOnly and the like are the caller's choice. It is not sent where something is thrown
   * afterwards; a problem that is meant to carry a cookie is answered by `problem()`.
   */
  cookie(name: string, value: string, options: CookieOptions = {}): this {
    return this.appendHeader('Set-Cookie', stringifySetCookie({ ...options, name, value }));
  }

  /** Tells the browser to forget a cookie; path and domain must be those it was set with. */
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

  /** For JSON that is a string already. */
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

  /** The bytes are sent as they are when the handler has finished; they are not copied here. */
  bytes(bytes: Uint8Array, contentType = BYTES_CONTENT_TYPE): void {
    if (!(bytes instanceof Uint8Array)) {
      throw new ResponseError('ERR_BODY', 'The body must be a Uint8Array');
    }
    this.#end(bytes, contentType);
  }

  /** Pieces are asked for as fast as the client takes them, and no faster. */
  stream(pieces: BodyStream, contentType = BYTES_CONTENT_TYPE, options: StreamOptions = {}): void {
    if (typeof pieces?.[Symbol.asyncIterator] !== 'function') {
      throw new ResponseError('ERR_BODY', 'The body must be an async iterable');
    }
    const { length = null } = options;
    if (length !== null) assertLength(length);
    this.#end(pieces, contentType);
    this.#streamLength = length;
  }

  /** Ends without content; with a status other than 204, 304 the length 0 is said. */
  empty(status = 204): void {
    this.status(status);
    this.#end(null, null);
  }

  /**
   * Ends with problem details (RFC 9457). Throwing an HttpProblem does the same, but takes back cookies and what was
   * said of the content.
   */
  problem(status: number, detail: string, extras: ProblemExtras = {}): void {
    this.endWithProblem(new HttpProblem(status, detail, extras));
  }

  endWithProblem(problem: HttpProblem): void {
    this.status(problem.status);
    for (const [name, value] of Object.entries(problem.headers)) {
      this.headers.set(name, value);
    }
    this.#end(problemBody(problem, this.#request.path), PROBLEM_CONTENT_TYPE, true);
  }

  /** @internal For finishers: another body for a response that has ended, such as a compressed one. */
  replaceBody(body: ResponseBody): void {
    this.#assertOpen();
    assertMayHave(this.#statusCode, body);
    this.#setBody(body);
  }

  /** @internal A 304 in place of a 200: what described the content goes (RFC 9110, section 15.4.5). */
  becomeNotModified(): void | Promise<void> {
    this.#assertOpen();
    const body = this.#body;
    this.#setBody(null);
    this.#statusCode = 304;
    this.headers.deleteRepresentationHeaders();
    if (isStream(body)) return discardBody(body);
  }

  /** @internal The pipeline starts over, to answer with an error: what was part of the answer goes, CORS stays. */
  reset(): void {
    this.#assertOpen();
    this.#ended = false;
    this.#setBody(null);
    this.#statusCode = 200;
    this.headers.deleteOutcomeHeaders();
  }

  /** @internal The runtime answers in the handler's place, and has the last word, also after the seal. */
  becomeProblem(problem: HttpProblem): void {
    this.#sealed = false;
    this.reset();
    this.endWithProblem(problem);
    this.#sealed = true;
  }

  /** @internal The runtime has taken the body: what it was made of need not be kept for as long as it is being sent. */
  forgetBody(): void {
    this.#setBody(null);
  }

  /** @internal Nothing changes after this; called by the pipeline, and by the runtime when it answers itself. */
  seal(): void {
    this.#sealed = true;
  }

  #end(body: ResponseBody, contentType: string | null, replaceContentType = false): void {
    this.#assertOpen();
    if (this.#ended) {
      throw new ResponseError('ERR_RESPONSE_ENDED', 'The response has ended already; a handler ends it once');
    }
    assertMayHave(this.#statusCode, body);
    if (contentType !== null && (replaceContentType || this.headers.contentType === null)) {
      this.headers.setContentType(contentType);
    }
    this.#setBody(body);
    this.#ended = true;
  }

  /** A length that was announced is that of one stream, and goes with it. */
  #setBody(body: ResponseBody): void {
    this.#body = body;
    this.#streamLength = null;
  }

  #assertOpen(): void {
    if (this.#sealed) {
      throw new ResponseError(
        'ERR_RESPONSE_SENT',
        'The response was sent already; a handler must return a promise that settles when it has finished',
      );
    }
  }
}

/** Content that its status does not allow would be read as the next response on the connection. */
function assertMayHave(status: number, body: ResponseBody): void {
  if (body === null || allowsContent(status)) return;
  throw new ResponseError(
    'ERR_BODY',
    `A ${status} response has no content; end it with empty(${status}) alone`,
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
