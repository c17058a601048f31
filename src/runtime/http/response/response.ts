/**
 * The response as an application builds it: status, headers, and one of the enders that give it its body.
 * Nothing is sent before the handler has finished. OutgoingResponse implements it, and only the runtime sees
 * that.
 */
import type { SerializeOptions } from 'cookie';
import type { ProblemExtras } from '../problem.ts';
import type { BodyStream, ResponseBody, StreamOptions } from './body-stream.ts';

export type CookieOptions = Omit<SerializeOptions, 'encode'>;

export interface Response {
  readonly statusCode: number;
  /** One of the enders was called. No further middleware runs. */
  readonly ended: boolean;

  /** @param code a final status, 200 to 599. 204, 205 and 304 only without content */
  status(code: number): this;
  /** Sets a header, replacing all fields of that name. */
  header(name: string, value: string): this;
  /** Adds a field, even if there is one of that name already. */
  appendHeader(name: string, value: string): this;
  /** The value of all fields of that name, joined by ", ". */
  getHeader(name: string): string | undefined;
  removeHeader(name: string): this;
  /** Adds a request header's name to Vary, once. */
  vary(name: string): this;
  /**
   * Adds a Set-Cookie field. HttpOnly and the like are the caller's choice. An error that is thrown
   * afterwards takes the cookie back. A problem that is meant to carry a cookie is answered by `problem()`.
   */
  cookie(name: string, value: string, options?: CookieOptions): this;
  /** Tells the browser to forget a cookie. Path and domain must be those it was set with. */
  clearCookie(name: string, options?: CookieOptions): this;

  // ---- Enders ----

  json(value: unknown): void;
  /** For JSON that is a string already. */
  rawJson(json: string): void;
  text(text: string, contentType?: string): void;
  html(html: string): void;
  /** The bytes are sent as they are when the handler has finished. They are not copied here. */
  bytes(bytes: Uint8Array, contentType?: string): void;
  /** It is read as fast as the client takes the pieces, and no faster. */
  stream(pieces: BodyStream, contentType?: string, options?: StreamOptions): void;
  /** Ends without content. Except for 204 and 304, the head says the length 0. */
  empty(status?: number): void;
  /**
   * Ends with problem details (RFC 9457). Throwing an HttpProblem does the same, but also removes cookies and
   * the fields that describe the content.
   */
  problem(status: number, detail: string, extras?: ProblemExtras): void;
}

/** A response that has ended, as a finisher sees it. */
export interface EndedResponse extends Response {
  /** null: no content. A string is sent as UTF-8. */
  readonly body: ResponseBody;
  /** The runtime has taken the response, so nothing can be changed any more. */
  readonly sealed: boolean;
  /** Gives it another body, such as a compressed one. */
  replaceBody(body: ResponseBody): void;
}
