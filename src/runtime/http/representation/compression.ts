/**
 * A finisher that sends compressible content in gzip to clients that ask for it. zlib works on libuv's
 * threads, so a large body does not hold up the other requests of its worker. An application adds it by
 * `router.finish(compression())`.
 */
import { pipeline } from 'node:stream';
import { promisify } from 'node:util';
import { constants, createGzip, gzip } from 'node:zlib';
import type { Request } from '../request/request.ts';
import { type BodyStream, derivedStream, isStream } from '../response/body-stream.ts';
import { EVENT_STREAM_CONTENT_TYPE } from '../response/events.ts';
import type { EndedResponse } from '../response/response.ts';
import type { Finisher } from '../routing/handler.ts';
import { prefersGzip } from './accept-encoding.ts';
import { isNotModified } from './conditional.ts';

export interface CompressionOptions {
  /**
   * Smaller content is sent uncompressed. It fits into one network packet, so compression would save nothing.
   */
  readonly minimumBytes?: number;
}

/** The rest of a 1,500-byte Ethernet frame after IP, TCP and a short head. */
const DEFAULT_MINIMUM_BYTES = 1400;
const COMPRESSIBLE =
  /^(?:text\/|application\/(?:[^;\s]+\+)?(?:json|xml|javascript|yaml)\b|image\/svg\+xml\b)/i;
const PARTIAL_CONTENT = 206;

const gzipAsync = promisify(gzip);

export function compression(options: CompressionOptions = {}): Finisher {
  const minimumBytes = options.minimumBytes ?? DEFAULT_MINIMUM_BYTES;
  return (request, response) => {
    const { body } = response;
    if (body === null) return;
    if (isStream(body)) {
      if (isCompressible(response)) compressStream(request, response, body);
      return;
    }
    // Most responses end here, so this check comes first. A character has at most three bytes.
    if (typeof body === 'string' && body.length * 3 < minimumBytes) return;
    if ((typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength) < minimumBytes) return;
    if (!isCompressible(response)) return;
    return compressBytes(request, response, typeof body === 'string' ? Buffer.from(body, 'utf8') : body);
  };
}

function isCompressible(response: EndedResponse): boolean {
  const contentType = response.getHeader('Content-Type');
  if (contentType === undefined || !COMPRESSIBLE.test(contentType)) return false;
  // Events must leave at once, each by itself.
  if (contentType.startsWith(EVENT_STREAM_CONTENT_TYPE)) return false;
  if (response.statusCode === PARTIAL_CONTENT || response.getHeader('Content-Encoding') !== undefined)
    return false;
  if (/\bno-transform\b/i.test(response.getHeader('Cache-Control') ?? '')) return false;
  // A strong tag names exactly these bytes (RFC 9110, section 8.8.1), and If-Match relies on it.
  return !response.getHeader('ETag')?.startsWith('"');
}

/** @returns whether the content is to be compressed for this client */
function negotiate(request: Request, response: EndedResponse): boolean {
  // This also holds for an uncompressed answer. A cache must not give it to a client with other preferences.
  response.vary('Accept-Encoding');
  return prefersGzip(request.header('accept-encoding')) && !isNotModified(request, response);
}

function compressBytes(
  request: Request,
  response: EndedResponse,
  bytes: Uint8Array,
): undefined | Promise<void> {
  if (!negotiate(request, response)) return undefined;
  return gzipAsync(bytes).then((compressed) => {
    if (compressed.byteLength >= bytes.byteLength || response.sealed) return;
    response.header('Content-Encoding', 'gzip').replaceBody(compressed);
  });
}

function compressStream(request: Request, response: EndedResponse, source: BodyStream): void {
  if (!negotiate(request, response)) return;
  response.header('Content-Encoding', 'gzip');
  response.replaceBody(derivedStream(source, () => compressPieces(source)));
}

async function* compressPieces(source: BodyStream): AsyncGenerator<Uint8Array, void, undefined> {
  // Each piece is flushed, because a handler that yields a piece now wants the client to have it now.
  const compressor = createGzip({ flush: constants.Z_SYNC_FLUSH });
  // The callback may ignore the error. `pipeline` destroys the compressor with it, so `yield*` throws it.
  pipeline(source, compressor, () => {});
  yield* compressor;
}
