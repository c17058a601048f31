/**
 * The core: one interface, two implementations (`wasm/wasm-core.ts`, `js/js-core.ts`) and a third that
 * compares them (`verify-core.ts`). One call parses the next request of a connection and matches its route.
 * The answer lies in the parse record (assembly/record.ts). Each worker has a core of its own.
 */

export type CoreKind = 'wasm' | 'js' | 'verify';

/**
 * The limits beyond which a core refuses a request. See `ERROR_STATUS` in assembly/record.ts for the answers.
 */
export interface ParseLimits {
  /** Bytes of the header section (after the request line, with its end): more is 431. */
  readonly maxHeaderBytes: number;
  /** Bytes of the request target: more is 414. */
  readonly maxTargetBytes: number;
  /** Bytes of the decoded body: more is 413. */
  readonly maxBodyBytes: number;
}

/** A route to match. Its number is its index in the list given to `loadRoutes`. */
export interface RoutePattern {
  /** An upper-case method with a METHOD_ constant. */
  readonly method: string;
  /** Segments are static, `:name` or, last, `*name`. */
  readonly path: string;
  /**
   * No other pattern gets a request to a path that matches this one, whatever its method. Otherwise a less
   * specific pattern gets it that has the method.
   */
  readonly ownsPath?: boolean;
}

export interface CoreOptions {
  /** Shared with every thread. Connection buffers lie in it. */
  readonly memory: WebAssembly.Memory;
  /** First byte of this core's own region in `memory`. The core writes nowhere else. 64-byte aligned. */
  readonly regionAddress: number;
  readonly regionBytes: number;
  readonly limits: ParseLimits;
}

export interface Core {
  readonly kind: CoreKind;
  /** The record that `parse` fills, valid until the next call of `parse`. ParseRecord reads it by names. */
  readonly record: Int32Array;
  /**
   * Compiles the routes. Called once, before the first `parse`.
   * @throws Error on a pattern that is malformed, ambiguous or too large for the region
   */
  loadRoutes(routes: readonly RoutePattern[]): void;
  /**
   * Parses the request that starts at `address`, of which `length` bytes are there, and matches its route.
   * The four resume words of the record are read and written (see RESUME in assembly/record.ts).
   *
   * The answer does not depend on how the bytes were split over calls. A line is judged once its LF is there,
   * and a limit as soon as it is passed. Host and framing depend on all fields together, so they are judged
   * when the section has ended.
   *
   * The call that completes the head leaves all of it in the record, even if the answer is NEED. Later calls
   * that answer NEED set only the resume words and MISSING. After COMPLETE and ERROR the resume words are
   * zero.
   * @returns one of PARSE_COMPLETE, PARSE_NEED, PARSE_ERROR, also found in the record
   */
  parse(address: number, length: number): number;
  /**
   * Matches the route of the request that was parsed last once more, for those who time it. The record stays
   * the same.
   */
  match(): void;
  /**
   * Parses the head alone of a request that `parse` has refused for its body or an expectation. Neither
   * counts here. The record then describes a request without content, the last of its connection.
   * @returns as for `parse`. Whoever wants no more than the head has no use for PARSE_NEED
   */
  parseHead(address: number, length: number): number;
  /**
   * Parses the head alone of a request whose body is streamed to its handler. It is judged as by `parse`, but
   * its body may be larger. The record describes it, with a body of length 0 that is still to come.
   * @returns as for `parseHead`
   */
  parseStreamedHead(address: number, length: number): number;
}
