/** What an application declares of a route, besides its handler. */
export interface RouteOptions {
  /**
   * The representations of this resource have validators (ETag, Last-Modified), and the handler of this
   * unsafe method calls `request.preconditions.check` with them. Without this, the runtime evaluates the
   * preconditions before the handler, for a representation that exists and has no validators.
   */
  readonly checksPreconditions?: boolean;
}
