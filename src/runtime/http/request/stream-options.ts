/** How a route takes streamed content. The routes declare it, and IncomingRequest applies it. */
export interface StreamOptions {
  /** Of the content. More is answered with 413. It may be larger than MAX_BODY_BYTES. */
  readonly maxBytes: number;
}
