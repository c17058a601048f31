/**
 * The parse record: what one call of the core says about one request, as 32-bit words.
 *
 * AssemblyScript compiles this file into the core, TypeScript into everything that reads the answer. So the
 * two sides cannot disagree. For that reason it holds only integer constants. Positions are byte offsets from
 * the first byte of the request, lengths are bytes.
 */

// ---- Words of the record (index of an i32) ----

/** One of the PARSE_ constants. */
export const STATUS = 0;
/** COMPLETE: bytes of this request, body included. The next request starts there. */
export const CONSUMED = 1;
/** NEED: how many bytes are missing at least, if that is known (a body, the data of a chunk), else 0. */
export const MISSING = 2;
/** ERROR: the status code to answer with before the connection is closed. */
export const ERROR_STATUS = 3;
/** ERROR: one of the REASON_ constants. */
export const ERROR_REASON = 4;

// Where to go on when more bytes have come. The caller sets these four before a call, all zero for a request
// not seen yet. It keeps them for the connection when the answer is NEED.
export const RESUME = 5;
export const RESUME_WORDS = 4;
/** One of the PHASE_ constants. */
export const PHASE = 5;
/**
 * First byte of the line that is not complete yet. PHASE_BODY and PHASE_CHUNK_DATA: first byte after the
 * body, after the data of the chunk.
 */
export const LINE_START = 6;
/** Everything before this byte has been searched for the end of that line. */
export const SCANNED = 7;
/**
 * The memory of the phase. PHASE_HEADERS: first byte of the header section. PHASE_CHUNK_SIZE and
 * PHASE_CHUNK_DATA: bytes of content so far, that chunk included. PHASE_TRAILERS: first byte of the trailers.
 */
export const DECODED = 8;

/** One of the METHOD_ constants. */
export const METHOD = 9;
export const METHOD_START = 10;
export const METHOD_LENGTH = 11;
export const TARGET_START = 12;
export const TARGET_LENGTH = 13;
/** One of the FORM_ constants (RFC 9112, section 3.2). */
export const TARGET_FORM = 14;
/** The path as it was sent, still percent-encoded. For absolute-form without a path, length 0 means "/". */
export const PATH_START = 15;
export const PATH_LENGTH = 16;
/** The query without its "?", of length -1 if there is none. */
export const QUERY_START = 17;
export const QUERY_LENGTH = 18;
/** HTTP/1.x: 0 or 1. */
export const VERSION_MINOR = 19;
/** Sum of FLAG_ constants. */
export const FLAGS = 20;
/** Value of Content-Length, -1 if there is none. */
export const CONTENT_LENGTH = 21;
/** First byte of the body on the wire, equal to the length of the head with leading empty lines. */
export const BODY_START = 22;
/** Length of the body on the wire, with chunk framing and trailers. */
export const BODY_WIRE_LENGTH = 23;
/** Length of the content once decoded. */
export const BODY_LENGTH = 24;
export const HEADER_COUNT = 25;
/** Number of the route, or ROUTE_NOT_FOUND or ROUTE_METHOD_NOT_ALLOWED. */
export const ROUTE = 26;
/** Bit mask (1 << METHOD_…) of the methods that the path knows. HEAD is in it if GET is. */
export const ALLOWED = 27;
export const PARAMETER_COUNT = 28;
/** Authority of absolute-form and authority-form, of length 0 otherwise. */
export const AUTHORITY_START = 29;
export const AUTHORITY_LENGTH = 30;

/** PARAMETER_COUNT pairs (start, length), percent-encoded as they were sent, in the order of the pattern. */
export const PARAMETERS = 32;
export const MAX_PARAMETERS = 16;
/** For each well-known header: index of its first field in the header table plus one, or 0. */
export const WELL_KNOWN = 64;
export const MAX_WELL_KNOWN = 32;
/** HEADER_COUNT entries of HEADER_WORDS words: name start, name length, value start, value length. */
export const HEADERS = 96;
export const HEADER_WORDS = 4;
/** More header fields than this are answered with 431. */
export const MAX_HEADERS = 128;

/** Words of a whole record: 96 + 128 × 4. */
export const RECORD_WORDS = 608;
export const RECORD_BYTES = 2432;

// ---- Status ----

export const PARSE_COMPLETE = 0;
export const PARSE_NEED = 1;
export const PARSE_ERROR = 2;

// ---- Phases ----

export const PHASE_START = 0;
export const PHASE_HEADERS = 1;
export const PHASE_BODY = 2;
export const PHASE_CHUNK_SIZE = 3;
export const PHASE_CHUNK_DATA = 4;
export const PHASE_TRAILERS = 5;

// ---- Routes ----

export const ROUTE_NOT_FOUND = -1;
export const ROUTE_METHOD_NOT_ALLOWED = -2;

// ---- Methods ----

export const METHOD_GET = 0;
export const METHOD_HEAD = 1;
export const METHOD_POST = 2;
export const METHOD_PUT = 3;
export const METHOD_PATCH = 4;
export const METHOD_DELETE = 5;
export const METHOD_OPTIONS = 6;
export const METHOD_CONNECT = 7;
export const METHOD_TRACE = 8;
/** A token that is none of the above. */
export const METHOD_OTHER = 9;

// ---- Target forms ----

export const FORM_ORIGIN = 0;
export const FORM_ABSOLUTE = 1;
export const FORM_AUTHORITY = 2;
export const FORM_ASTERISK = 3;

// ---- Flags ----

/** The connection may persist after this request (RFC 9112, section 9.3). */
export const FLAG_KEEP_ALIVE = 1;
/** The body is chunked. */
export const FLAG_CHUNKED = 2;
/** The client waits for "100 Continue" before it sends the body (RFC 9110, section 10.1.1). */
export const FLAG_EXPECT_CONTINUE = 4;
/** The request has a body, perhaps of length 0. */
export const FLAG_BODY = 8;

// ---- Well-known headers: recognised once, addressed by number ----

export const HEADER_HOST = 0;
export const HEADER_CONNECTION = 1;
export const HEADER_CONTENT_LENGTH = 2;
export const HEADER_TRANSFER_ENCODING = 3;
export const HEADER_EXPECT = 4;
export const HEADER_CONTENT_TYPE = 5;
export const HEADER_AUTHORIZATION = 6;
export const HEADER_ACCEPT = 7;
export const HEADER_ACCEPT_ENCODING = 8;
export const HEADER_ACCEPT_LANGUAGE = 9;
export const HEADER_USER_AGENT = 10;
export const HEADER_COOKIE = 11;
export const HEADER_ORIGIN = 12;
export const HEADER_REFERER = 13;
export const HEADER_IF_MATCH = 14;
export const HEADER_IF_NONE_MATCH = 15;
export const HEADER_IF_MODIFIED_SINCE = 16;
export const HEADER_CACHE_CONTROL = 17;
export const HEADER_UPGRADE = 18;
export const HEADER_X_FORWARDED_FOR = 19;
export const HEADER_FORWARDED = 20;
export const HEADER_IDEMPOTENCY_KEY = 21;
export const HEADER_LAST_EVENT_ID = 22;
export const HEADER_TRAILER = 23;
export const HEADER_TE = 24;
export const HEADER_ACCESS_CONTROL_REQUEST_METHOD = 25;
export const HEADER_ACCESS_CONTROL_REQUEST_HEADERS = 26;
export const HEADER_CONTENT_ENCODING = 27;
export const HEADER_DATE = 28;
export const HEADER_IF_UNMODIFIED_SINCE = 29;
export const HEADER_VIA = 30;
export const HEADER_RANGE = 31;

// ---- Reasons for an error: src/runtime/core/reasons.ts gives each its sentence ----

export const REASON_NONE = 0;
export const REASON_REQUEST_LINE = 1;
export const REASON_METHOD = 2;
export const REASON_TARGET = 3;
export const REASON_TARGET_TOO_LONG = 4;
export const REASON_VERSION = 5;
export const REASON_VERSION_UNSUPPORTED = 6;
export const REASON_HEADERS_TOO_LARGE = 7;
export const REASON_HEADER_NAME = 8;
export const REASON_HEADER_VALUE = 9;
export const REASON_OBSOLETE_FOLD = 10;
export const REASON_LINE_END = 11;
export const REASON_HOST_MISSING = 12;
export const REASON_HOST_REPEATED = 13;
export const REASON_HOST = 14;
export const REASON_CONTENT_LENGTH = 15;
export const REASON_CONTENT_LENGTH_REPEATED = 16;
export const REASON_LENGTH_AND_TRANSFER_ENCODING = 17;
export const REASON_TRANSFER_CODING = 18;
export const REASON_TRANSFER_ENCODING_VERSION = 19;
export const REASON_BODY_TOO_LARGE = 20;
export const REASON_EXPECTATION = 21;
export const REASON_CHUNK_SIZE = 22;
export const REASON_CHUNK_EXTENSION = 23;
export const REASON_CHUNK_END = 24;
export const REASON_TRAILER = 25;
export const REASON_TRAILERS_TOO_LARGE = 26;
export const REASON_CONNECTION = 27;
export const REASON_SCHEME = 28;
export const REASON_PERCENT_ENCODING = 29;
export const REASON_CHUNK_OVERHEAD = 30;

// ---- Bounds of the protocol that no setting changes ----

/** Empty lines tolerated before a request line (RFC 9112, section 2.2 asks for one). */
export const MAX_EMPTY_LINES = 8;
/** A longer method is answered with 501 (RFC 9112, section 3). */
export const MAX_METHOD_BYTES = 32;
/** Bytes of a request line besides its target: method, two spaces, version, line end, and some spare ones. */
export const REQUEST_LINE_SLACK_BYTES = 128;
/** The largest Content-Length of a body that is streamed. Larger ones have no place in a word. */
export const MAX_STREAMED_BYTES = 0x7fffffff;
/** A chunk-size line with its extensions and its line end. */
export const MAX_CHUNK_LINE_BYTES = 4096;
/** Bytes of chunk framing that are free, and how many more each byte of content brings. */
export const CHUNK_OVERHEAD_FREE_BYTES = 16384;
export const CHUNK_OVERHEAD_PER_BYTE = 8;
