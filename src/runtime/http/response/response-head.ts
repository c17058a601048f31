/**
 * Encodes a finished response around its body: status line, header section, chunks. The runtime calls it once
 * for each response in a worker thread.
 */

import type { BodyPiece } from './body-stream.ts';
import { httpDate } from './date.ts';
import type { OutgoingResponse } from './outgoing-response.ts';
import { isContentless, statusLine } from './status.ts';

export interface HeadOptions {
  /** Whether the method is HEAD. Then the head is that of GET, and no body follows. */
  readonly isHead: boolean;
  /** Whether the request and the server allow the connection to persist. */
  readonly keepAlive: boolean;
  /** Of the request: HTTP/1.0 or HTTP/1.1. */
  readonly versionMinor: number;
  /** Bytes of the body. Null for a stream, whose response says them if they are known. */
  readonly bodyLength: number | null;
}

/** Ends a chunked body. */
export const LAST_CHUNK = '0\r\n\r\n';

const NOTHING = Buffer.alloc(0);

/** A head without fields that the handler has set, and everything that it depends on. */
interface KeptHead {
  readonly statusCode: number;
  readonly contentType: string | null;
  readonly bodyLength: number;
  readonly versionMinor: number;
  readonly persists: boolean;
  readonly date: string;
  readonly text: string;
}

/**
 * Recent heads, by the low bits of the body's length. A service gives the same few answers again and again.
 */
const keptHeads: (KeptHead | undefined)[] = [];
const KEPT_HEADS = 256;

/**
 * Status line and header section, with the empty line. Every character is one byte (latin1).
 * @param now milliseconds of performance.now(), read recently
 */
export function encodeHead(response: OutgoingResponse, options: HeadOptions, now?: number): string {
  const date = httpDate(now);
  if (options.bodyLength === null || response.headers.hasFields) return makeHead(response, options, date);
  return keptHead(response, options, options.bodyLength, date);
}

/** Flattens a head. Writing a string that V8 still has to concatenate costs several times as much. */
function keptHead(
  response: OutgoingResponse,
  options: HeadOptions,
  bodyLength: number,
  date: string,
): string {
  const { statusCode, headers } = response;
  const persistent = persists(response, options);
  const kept = keptHeads[bodyLength % KEPT_HEADS];
  if (
    kept !== undefined &&
    kept.bodyLength === bodyLength &&
    kept.statusCode === statusCode &&
    kept.date === date &&
    kept.contentType === headers.contentType &&
    kept.persists === persistent &&
    kept.versionMinor === options.versionMinor
  ) {
    return kept.text;
  }
  const text = Buffer.from(makeHead(response, options, date), 'latin1').toString('latin1');
  keptHeads[bodyLength % KEPT_HEADS] = {
    statusCode,
    contentType: headers.contentType,
    bodyLength,
    versionMinor: options.versionMinor,
    persists: persistent,
    date,
    text,
  };
  return text;
}

function makeHead(response: OutgoingResponse, options: HeadOptions, date: string): string {
  const start = `${statusLine(response.statusCode)}Date: ${date}\r\n${response.headers.lines()}`;
  return start + framing(response, options) + connection(response, options);
}

/**
 * Whether the connection is open for another request after this response. A stream of unknown length to an
 * HTTP/1.0 client is ended by closing, as its version knows no chunks.
 */
export function persists(response: OutgoingResponse, options: HeadOptions): boolean {
  return options.keepAlive && !response.headers.close && !isCloseDelimited(response, options);
}

/** Whether the stream's pieces are sent as chunks. */
export function isChunked(response: OutgoingResponse, options: HeadOptions): boolean {
  return isOpenEnded(response, options) && options.versionMinor > 0;
}

/**
 * One chunk of a chunked body. An empty piece is no chunk at all, since a chunk of length 0 ends the body.
 */
export function encodeChunk(piece: BodyPiece): Buffer {
  const length = typeof piece === 'string' ? Buffer.byteLength(piece) : piece.byteLength;
  if (length === 0) return NOTHING;
  const size = `${length.toString(16)}\r\n`;
  const chunk = Buffer.allocUnsafe(size.length + length + 2);
  chunk.write(size, 0, 'latin1');
  if (typeof piece === 'string') {
    chunk.write(piece, size.length, 'utf8');
  } else {
    chunk.set(piece, size.length);
  }
  chunk.write('\r\n', size.length + length, 'latin1');
  return chunk;
}

/** Whether content follows whose length the head cannot tell. */
function isOpenEnded(response: OutgoingResponse, options: HeadOptions): boolean {
  return lengthOf(response, options) === null && !options.isHead && !isContentless(response.statusCode);
}

function isCloseDelimited(response: OutgoingResponse, options: HeadOptions): boolean {
  return isOpenEnded(response, options) && options.versionMinor === 0;
}

function lengthOf(response: OutgoingResponse, options: HeadOptions): number | null {
  return options.bodyLength ?? response.streamLength;
}

/**
 * The framing fields (RFC 9112, section 6). None for 204, 304, a HEAD of unknown length, and a body that ends
 * with the connection.
 */
function framing(response: OutgoingResponse, options: HeadOptions): string {
  if (isContentless(response.statusCode)) return '';
  const length = lengthOf(response, options);
  if (length !== null) return `Content-Length: ${length}\r\n`;
  return isChunked(response, options) ? 'Transfer-Encoding: chunked\r\n' : '';
}

/** The last field and the empty line. */
function connection(response: OutgoingResponse, options: HeadOptions): string {
  const option = persistence(response, options);
  // Upgrade is for the next hop only, and Connection says so (RFC 9110, section 7.8).
  if (response.headers.has('upgrade')) {
    return `Connection: ${option === '' ? '' : `${option}, `}Upgrade\r\n\r\n`;
  }
  return option === '' ? '\r\n' : `Connection: ${option}\r\n\r\n`;
}

/** Each version is told only what differs from its default. */
function persistence(response: OutgoingResponse, options: HeadOptions): string {
  if (!persists(response, options)) return 'close';
  return options.versionMinor === 0 ? 'keep-alive' : '';
}
