/**
 * The parse record (assembly/record.ts) by names instead of indexes. A worker reads the answer of its core
 * with it, and an IncomingRequest reads its head. It holds only the words.
 */

import {
  ALLOWED,
  AUTHORITY_LENGTH,
  AUTHORITY_START,
  BODY_LENGTH,
  BODY_START,
  BODY_WIRE_LENGTH,
  CONSUMED,
  CONTENT_LENGTH,
  ERROR_REASON,
  ERROR_STATUS,
  FLAG_BODY,
  FLAG_CHUNKED,
  FLAG_EXPECT_CONTINUE,
  FLAG_KEEP_ALIVE,
  FLAGS,
  HEADER_COUNT,
  HEADER_IF_MATCH,
  HEADER_IF_MODIFIED_SINCE,
  HEADER_IF_NONE_MATCH,
  HEADER_IF_UNMODIFIED_SINCE,
  HEADER_WORDS,
  HEADERS,
  METHOD,
  METHOD_LENGTH,
  METHOD_START,
  MISSING,
  PARAMETER_COUNT,
  PARAMETERS,
  PATH_LENGTH,
  PATH_START,
  PHASE,
  PHASE_BODY,
  QUERY_LENGTH,
  QUERY_START,
  RESUME,
  RESUME_WORDS,
  ROUTE,
  TARGET_FORM,
  TARGET_LENGTH,
  TARGET_START,
  VERSION_MINOR,
  WELL_KNOWN,
} from '../../../assembly/record.ts';

/** Names that end in `Start` are offsets from the first byte of the request. Lengths are bytes. */
export class ParseRecord {
  /** The record itself, as the core fills it. */
  readonly words: Int32Array;

  constructor(words: Int32Array) {
    this.words = words;
  }

  /** A private copy of the used part. */
  copy(): ParseRecord {
    // slice makes a new, unshared Int32Array, also of a shared one.
    return new ParseRecord(this.words.slice(0, HEADERS + this.headerCount * HEADER_WORDS));
  }

  // ---- The answer ----

  /** Bytes of a complete request, body included. */
  get consumed(): number {
    return this.#word(CONSUMED);
  }

  /** Of an incomplete request: how many bytes are missing at least, 0 if that is unknown. */
  get missing(): number {
    return this.#word(MISSING);
  }

  /** The status code to refuse the request with. */
  get errorStatus(): number {
    return this.#word(ERROR_STATUS);
  }

  /** One of the REASON_ constants. */
  get errorReason(): number {
    return this.#word(ERROR_REASON);
  }

  /** Whether the head is complete and the body is being received. */
  get isInBody(): boolean {
    return this.#word(PHASE) >= PHASE_BODY;
  }

  /** Lets the next call of the core begin a new request. */
  clearResume(): void {
    for (let word = 0; word < RESUME_WORDS; word++) this.words[RESUME + word] = 0;
  }

  /**
   * Turns the head of an incomplete request into a whole request without content, the last of its connection.
   */
  dropContent(): void {
    this.words[CONSUMED] = this.bodyStart;
    this.words[BODY_LENGTH] = 0;
    this.words[BODY_WIRE_LENGTH] = 0;
    this.words[FLAGS] = this.#word(FLAGS) & ~(FLAG_KEEP_ALIVE | FLAG_CHUNKED);
  }

  /**
   * The head belongs to a request whose content is still coming. Until all of it has, the request is the last
   * of its connection.
   * @param length bytes of the request that have come
   */
  awaitContent(length: number): void {
    this.words[CONSUMED] = length;
    this.words[FLAGS] = this.#word(FLAGS) & ~FLAG_KEEP_ALIVE;
  }

  // ---- The request line ----

  /** One of the METHOD_ constants. */
  get method(): number {
    return this.#word(METHOD);
  }

  get methodStart(): number {
    return this.#word(METHOD_START);
  }

  get methodLength(): number {
    return this.#word(METHOD_LENGTH);
  }

  /** One of the FORM_ constants. */
  get targetForm(): number {
    return this.#word(TARGET_FORM);
  }

  get targetStart(): number {
    return this.#word(TARGET_START);
  }

  get targetLength(): number {
    return this.#word(TARGET_LENGTH);
  }

  get pathStart(): number {
    return this.#word(PATH_START);
  }

  get pathLength(): number {
    return this.#word(PATH_LENGTH);
  }

  get queryStart(): number {
    return this.#word(QUERY_START);
  }

  /** -1 if there is no query. */
  get queryLength(): number {
    return this.#word(QUERY_LENGTH);
  }

  get authorityStart(): number {
    return this.#word(AUTHORITY_START);
  }

  /** 0 if the target names no authority. */
  get authorityLength(): number {
    return this.#word(AUTHORITY_LENGTH);
  }

  /** HTTP/1.x: 0 or 1. */
  get versionMinor(): number {
    return this.#word(VERSION_MINOR);
  }

  // ---- The route ----

  /** Number of the route, or ROUTE_NOT_FOUND or ROUTE_METHOD_NOT_ALLOWED, which are negative. */
  get route(): number {
    return this.#word(ROUTE);
  }

  /** Mask (1 << METHOD_…) of the methods that the path knows. */
  get allowedMethods(): number {
    return this.#word(ALLOWED);
  }

  get parameterCount(): number {
    return this.#word(PARAMETER_COUNT);
  }

  parameterStart(index: number): number {
    return this.#word(PARAMETERS + 2 * index);
  }

  parameterLength(index: number): number {
    return this.#word(PARAMETERS + 2 * index + 1);
  }

  // ---- The header section ----

  /** Whether the client lets the connection persist. */
  get keepsAlive(): boolean {
    return (this.#word(FLAGS) & FLAG_KEEP_ALIVE) !== 0;
  }

  get expectsContinue(): boolean {
    return (this.#word(FLAGS) & FLAG_EXPECT_CONTINUE) !== 0;
  }

  get headerCount(): number {
    return this.#word(HEADER_COUNT);
  }

  /**
   * Index of the first field of a well-known name, -1 if there is none.
   * @param number a HEADER_ constant
   */
  wellKnownHeader(number: number): number {
    return this.#word(WELL_KNOWN + number) - 1;
  }

  /** Whether there is a precondition (RFC 9110, section 13.1), whatever the method makes of it. */
  get isConditional(): boolean {
    const fields =
      this.#word(WELL_KNOWN + HEADER_IF_MATCH) |
      this.#word(WELL_KNOWN + HEADER_IF_NONE_MATCH) |
      this.#word(WELL_KNOWN + HEADER_IF_MODIFIED_SINCE) |
      this.#word(WELL_KNOWN + HEADER_IF_UNMODIFIED_SINCE);
    return fields !== 0;
  }

  headerNameStart(index: number): number {
    return this.#word(HEADERS + index * HEADER_WORDS);
  }

  headerNameLength(index: number): number {
    return this.#word(HEADERS + index * HEADER_WORDS + 1);
  }

  headerValueStart(index: number): number {
    return this.#word(HEADERS + index * HEADER_WORDS + 2);
  }

  headerValueLength(index: number): number {
    return this.#word(HEADERS + index * HEADER_WORDS + 3);
  }

  // ---- The body ----

  /** Whether the request says that it has a body, perhaps of length 0. */
  get announcesBody(): boolean {
    return (this.#word(FLAGS) & FLAG_BODY) !== 0;
  }

  /** -1 if there is no Content-Length. */
  get contentLength(): number {
    return this.#word(CONTENT_LENGTH);
  }

  get isChunked(): boolean {
    return (this.#word(FLAGS) & FLAG_CHUNKED) !== 0;
  }

  /** Bytes of the head, that is, the offset of the body. */
  get bodyStart(): number {
    return this.#word(BODY_START);
  }

  /** On the wire, with chunk framing and trailers. */
  get bodyWireLength(): number {
    return this.#word(BODY_WIRE_LENGTH);
  }

  /** Of the content once decoded. */
  get bodyLength(): number {
    return this.#word(BODY_LENGTH);
  }

  /** The indexes are constants or lie below the counts in the record, so the word exists. */
  #word(index: number): number {
    return this.words[index] as number;
  }
}
