/**
 * Content codings of requests (RFC 9110, section 8.4.1): the refusal of encoded content, and its decoding for
 * routes that take it, within bounds, since a kilobyte of gzip can become a megabyte. IncomingRequest uses it
 * in workers.
 */
import { promisify } from 'node:util';
import { type BrotliOptions, gunzip, gunzipSync, inflate, inflateSync, type ZlibOptions } from 'node:zlib';
import { HttpProblem } from '../problem.ts';

/** Bounds of what content may become when it is decoded. More is answered with 413. */
export interface ContentCodingOptions {
  /** Of the decoded content. Default 1 MB. */
  readonly maxBytes?: number;
  /** Decoded bytes for each byte that was sent. Default 100. The first 16 KB are free. */
  readonly maxRatio?: number;
}

export type Coding = 'gzip' | 'deflate';

const DEFAULT_MAX_BYTES = 1_048_576;
const DEFAULT_MAX_RATIO = 100;
/** Text that repeats itself is much smaller in gzip, and harmless while it is short. */
const FREE_BYTES = 16_384;
/** What decodes to no more is decoded at once, in some 0.1 ms. Other content goes to a thread of libuv. */
const SYNCHRONOUS_BYTES = 65_536;

/** Names of codings, in lower case. RFC 9110, section 8.4.1.3: x-gzip is gzip. */
const CODINGS: Readonly<Record<string, Coding>> = { gzip: 'gzip', 'x-gzip': 'gzip', deflate: 'deflate' };
const ACCEPTED = 'gzip, deflate';

/** With `info`, zlib also returns its engine, which knows how much it has read. The types lack it. */
interface Decompressed {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}

type Options = ZlibOptions & Pick<BrotliOptions, 'maxOutputLength'>;

const DECODERS = {
  gzip: { atOnce: gunzipSync, apart: promisify<Uint8Array, Options, unknown>(gunzip) },
  deflate: { atOnce: inflateSync, apart: promisify<Uint8Array, Options, unknown>(inflate) },
} as const;

/**
 * Content is read as it is on the wire, so encoded content would look like broken text.
 * @param contentEncoding the Content-Encoding header, if there is one
 */
export function assertNotEncoded(contentEncoding: string | undefined): void {
  if (codingsIn(contentEncoding).length === 0) return;
  throw unsupported('The body must be sent without a Content-Encoding.', 'identity');
}

/**
 * @param contentEncoding the Content-Encoding header, if there is one
 * @returns null if the content is not encoded
 * @throws HttpProblem 415 for a coding that is not known, and for several, whose bounds nobody could tell
 */
export function codingOf(contentEncoding: string | undefined): Coding | null {
  const [name, ...others] = codingsIn(contentEncoding);
  if (name === undefined) return null;
  const coding = Object.hasOwn(CODINGS, name) ? CODINGS[name] : undefined;
  if (coding !== undefined && others.length === 0) return coding;
  throw unsupported('The body may have one Content-Encoding: gzip or deflate.', ACCEPTED);
}

/**
 * @returns a promise for content that takes a while
 * @throws HttpProblem 413 beyond the bounds, 400 for what is not encoded so, also by the promise
 */
export function decode(
  content: Uint8Array,
  coding: Coding,
  bounds: ContentCodingOptions,
): Uint8Array | Promise<Uint8Array> {
  const { maxBytes = DEFAULT_MAX_BYTES, maxRatio = DEFAULT_MAX_RATIO } = bounds;
  const maxOutputLength = Math.min(maxBytes, Math.max(FREE_BYTES, content.length * maxRatio));
  const options: Options & { readonly info: true } = { maxOutputLength, info: true };
  const { atOnce, apart } = DECODERS[coding];
  if (maxOutputLength > SYNCHRONOUS_BYTES) {
    return apart(content, options).then(
      (result) => wholeOf(result, content),
      (error: unknown) => {
        throw refusalOf(error, coding);
      },
    );
  }
  let result: unknown;
  try {
    result = atOnce(content, options);
  } catch (error) {
    throw refusalOf(error, coding);
  }
  return wholeOf(result, content);
}

/** In lower case, without "identity". The list may be empty (RFC 9110, section 5.6.1). */
function codingsIn(contentEncoding: string | undefined): string[] {
  if (contentEncoding === undefined) return [];
  const names = contentEncoding.split(',').map((member) => member.trim().toLowerCase());
  return names.filter((name) => name !== '' && name !== 'identity');
}

/** zlib ignores what follows the end of the encoded content, where something could hide. */
function wholeOf(result: unknown, content: Uint8Array): Uint8Array {
  const { buffer, engine } = result as Decompressed;
  if (engine.bytesWritten === content.length) return buffer;
  throw new HttpProblem(400, 'Something follows the end of the encoded body.');
}

function refusalOf(error: unknown, coding: Coding): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ERR_BUFFER_TOO_LARGE') {
    return new HttpProblem(413, 'The body is larger than this route takes, once it is decoded.');
  }
  if (!code.startsWith('Z_')) return error;
  return new HttpProblem(400, `The body is not valid ${coding}.`, { cause: error });
}

/** RFC 9110, section 12.5.3: the answer says which codings would have been accepted. */
function unsupported(detail: string, accepted: string): HttpProblem {
  return new HttpProblem(415, detail, { headers: { 'Accept-Encoding': accepted } });
}
