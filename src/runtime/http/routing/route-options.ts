/** What an application declares of a route, besides its handler. */
import { RouterError } from '../application-errors.ts';
import type { ContentCodingOptions } from '../request/content-coding.ts';
import type { StreamOptions } from '../request/stream-options.ts';
import type { RouteSchemas } from '../schema/route-schemas.ts';

export interface RouteOptions<Body = unknown, Query = unknown, Parameters = unknown>
  extends RouteSchemas<Body, Query, Parameters> {
  /**
   * The representations of this resource have validators (ETag, Last-Modified), and the handler of this
   * unsafe method calls `request.preconditions.check` with them. Without this, the runtime evaluates the
   * preconditions before the handler, for a representation that exists and has no validators.
   */
  readonly checksPreconditions?: boolean;
  /**
   * Headers of every answer to a request that matches this route, errors included. They go before those of
   * `Router.headers`. A handler may set others of their names.
   */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * The route takes content that is compressed with gzip or deflate (Content-Encoding). It is decoded after
   * the middleware of the route, before its schemas, within these bounds. On other routes it is 415.
   */
  readonly contentCoding?: ContentCodingOptions;
  /**
   * The largest content of this route, where that is less than MAX_BODY_BYTES. A larger one is 413, before it
   * has come if its length is announced, and before anything is parsed in any case.
   */
  readonly maxBodyBytes?: number;
  /**
   * The handler of this POST, PUT or PATCH runs as soon as the head of its request has come, and reads the
   * content by `request.stream()`, and by nothing else.
   */
  readonly stream?: StreamOptions;
  /** Its requests do not count against `Router.rateLimit`. */
  readonly isUnlimited?: boolean;
  /**
   * Requests to this path never go to a less specific one, such as `/vms/:id` for `/vms/events`: with a
   * method that no route of this very path has, they get 405.
   */
  readonly ownsPath?: boolean;
}

const STREAMING_METHODS = ['POST', 'PUT', 'PATCH'];

const NAMES: Readonly<Record<keyof RouteOptions, true>> = {
  parameters: true,
  query: true,
  body: true,
  responses: true,
  checksPreconditions: true,
  headers: true,
  contentCoding: true,
  maxBodyBytes: true,
  stream: true,
  isUnlimited: true,
  ownsPath: true,
};

/** A misspelt schema would check nothing. @param route its method and path */
export function assertOptions(options: RouteOptions, route: string): void {
  if (options.stream !== undefined) assertStream(options, route);
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(NAMES, name)) {
      throw new RouterError('ERR_ROUTE_OPTIONS', `${route} has no option "${name}"`);
    }
  }
}

/** Another worker may run a request with a safe method again, but not if its content has gone by. */
function assertStream({ stream, body, contentCoding, maxBodyBytes }: RouteOptions, route: string): void {
  if (!STREAMING_METHODS.some((method) => route.startsWith(`${method} `))) {
    throw new RouterError(
      'ERR_ROUTE_OPTIONS',
      `${route} cannot stream: only ${STREAMING_METHODS.join(', ')} can`,
    );
  }
  if ([body, contentCoding, maxBodyBytes].some((option) => option !== undefined)) {
    throw new RouterError(
      'ERR_ROUTE_OPTIONS',
      `${route} streams its content, so body, contentCoding and maxBodyBytes do not apply`,
    );
  }
  if (!Number.isSafeInteger(stream?.maxBytes) || Number(stream?.maxBytes) <= 0) {
    throw new RouterError('ERR_ROUTE_OPTIONS', `${route} streams content without a bound: stream.maxBytes`);
  }
}
