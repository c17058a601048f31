/**
 * The request as an application reads it. Every value is read on first use and is a string or a private copy.
 * IncomingRequest implements it, and only the runtime sees that.
 */
import type { Cookies } from 'cookie';
import type { RequestIdentity } from '../identity/request-identity.ts';
import type { Preconditions } from '../representation/preconditions.ts';
import type { FormLimits } from './form.ts';
import type { Query } from './query.ts';
import type { RequestKey } from './request-key.ts';
import type { RouteParameters } from './route-parameters.ts';

/** @typeParam Name the parameters of the route that may be read. Alone, `Request` has none */
export interface Request<Name extends string = never> {
  /** As it was sent: methods are case-sensitive. */
  readonly method: string;
  /** The request target as it was sent. */
  readonly target: string;
  /** The path, percent-encoded as it was sent, or "*" for OPTIONS *. */
  readonly path: string;
  /** @throws HttpProblem 400 where its percent-encoding is malformed */
  readonly query: Query;
  /**
   * The route's parameters, percent-decoded exactly once.
   * @throws HttpProblem 400 if the percent-encoding is malformed
   */
  readonly parameters: RouteParameters<Name>;
  /** All headers by their lower-case names, in order of arrival. The object has no prototype. */
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: Readonly<Cookies>;
  /**
   * The host the request is for: that of the target, else of the Host header, else ''. If a trusted proxy
   * names the one that the client has asked for, it is that.
   */
  readonly host: string;
  /** What the client speaks, as a trusted proxy tells. Otherwise 'http', since the server has no TLS. */
  readonly protocol: 'http' | 'https';
  readonly httpVersion: '1.0' | '1.1';
  /** Whether the client lets the connection persist. */
  readonly keepAlive: boolean;
  /** The client's IP address. Behind proxies of TRUSTED_PROXIES it is the one that they name. */
  readonly remoteAddress: string;
  /** The IP address of the other end of the connection: the client, or the proxy nearest to the server. */
  readonly peerAddress: string;
  /**
   * The fields that name this request in the log: its id and, with a valid `traceparent`, its trace. They are
   * there if the application calls `Router.identifyRequests`.
   */
  readonly identity: RequestIdentity;
  /** Length of the content without chunk framing, known without reading it. 0 if it is streamed in chunks. */
  readonly bodyLength: number;
  /**
   * If-Match and its like. A handler of an unsafe method that changes a representation with an ETag or a date
   * evaluates them, and its route says so (`checksPreconditions`).
   */
  readonly preconditions: Preconditions;
  /** Aborts when the client is gone or the handler's time is over. */
  readonly signal: AbortSignal;
  /** Whether `signal` has aborted. */
  readonly aborted: boolean;
  /**
   * Aborts when the client sends FIN: it sends nothing more. It may wait for the answer all the same. If it
   * is gone, a piece of a stream that is sent now shows it, and `signal` aborts.
   */
  readonly halfClosed: AbortSignal;
  /**
   * Aborts when this worker is about to end, at a stop of the server or a reload. An answer that has no end
   * of its own should come to one, so that the client asks again elsewhere. `sendEvents` heeds it.
   */
  readonly workerEnding: AbortSignal;

  /** @throws HttpProblem 400, TypeError for a name that the route does not have */
  parameter(name: Name): string;
  /** The value of a header, whatever its case. Several fields of the name are joined. */
  header(name: string): string | undefined;
  /** The content, chunk framing removed: a private copy, the same one at each call. */
  bytes(): Uint8Array;
  /** @throws HttpProblem 400 where it is not UTF-8, 415 where it is compressed */
  text(): string;
  /**
   * @throws HttpProblem 411 without a body, 415 for another media type or a compressed body, 400 for invalid
   *   JSON
   */
  json(): unknown;
  /**
   * The content piece by piece: as it comes, if the route has the option `stream`. The client is read from as
   * fast as the pieces are. An answer that is given before the end closes the connection.
   * @throws HttpProblem 400, 408, 413, 415, and the reason of `signal`, also while it is iterated
   */
  stream(): AsyncIterable<Uint8Array>;
  /**
   * The form that the content is: multipart/form-data or application/x-www-form-urlencoded. Fields are text,
   * files are `File` objects. The name of a file is what the client says: never use it as a path.
   * @throws HttpProblem 411 without a body, 415 for another media type or a compressed body, 400 for what is
   *   no such form, 413 beyond the limits
   */
  form(limits?: FormLimits): Promise<FormData>;

  /** Leaves a value for the middleware and the handler that run later. */
  set<T>(key: RequestKey<T>, value: T): void;
  get<T>(key: RequestKey<T>): T | undefined;
  /** For a value that a middleware of the same route always leaves. */
  require<T>(key: RequestKey<T>): T;
}
