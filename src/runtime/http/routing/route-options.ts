/** What an application declares of a route, besides its handler. */
import { RouterError } from '../application-errors.ts';
import type { ContentCodingOptions } from '../request/content-coding.ts';
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
}

const NAMES: Readonly<Record<keyof RouteOptions, true>> = {
  parameters: true,
  query: true,
  body: true,
  responses: true,
  checksPreconditions: true,
  headers: true,
  contentCoding: true,
  maxBodyBytes: true,
};

/** A misspelt schema would check nothing. */
export function assertOptions(options: object, route: string): void {
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(NAMES, name)) {
      throw new RouterError('ERR_ROUTE_OPTIONS', `${route} has no option "${name}"`);
    }
  }
}
