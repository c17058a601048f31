/**
 * Forms in the content of a request: multipart/form-data (RFC 7578) and application/x-www-form-urlencoded.
 * IncomingRequest uses it in workers. Node.js parses multipart content (undici, as the Fetch standard says).
 * It knows no bounds, so what would take it long is found and refused here before.
 */
import { HttpProblem } from '../problem.ts';
import { Query } from './query.ts';
import type { Content } from './request-body.ts';
import { type MediaType, mediaTypeOf, UTF_8 } from './request-content.ts';

/** More of anything is answered with 413. MAX_BODY_BYTES bounds the whole. */
export interface FormLimits {
  /** Fields and files together. Default 1,000. */
  readonly maxParts?: number;
  /** Default 16. */
  readonly maxFiles?: number;
  /** Bytes of the value of one field. Default 64 KB. */
  readonly maxFieldBytes?: number;
  /** Bytes of one file. By default as many as the body may have. */
  readonly maxFileBytes?: number;
}

const DEFAULTS: Required<FormLimits> = {
  maxParts: 1000,
  maxFiles: 16,
  maxFieldBytes: 65_536,
  maxFileBytes: Number.POSITIVE_INFINITY,
};

const MULTIPART = 'multipart/form-data';
const URL_ENCODED = 'application/x-www-form-urlencoded';
/** RFC 2046, section 5.1.1, without the characters that no client uses. */
const BOUNDARY = /^[\w'()+,./:=?-](?:[\w'()+,./:=? -]{0,68}[\w'()+,./:=?-])?$/;
/** Of the header section of one part. */
const MAX_HEADER_BYTES = 4096;
const SECTION_END = '\r\n\r\n';

/** @throws HttpProblem 400, 413, 415 */
export async function readForm(
  body: Content,
  contentType: string | undefined,
  limits: FormLimits = {},
): Promise<FormData> {
  const bounds = { ...DEFAULTS, ...limits };
  const mediaType = mediaTypeOf(contentType ?? '');
  if (mediaType.charset === UTF_8) {
    if (mediaType.type === URL_ENCODED) return readPairs(body.text(), bounds);
    if (mediaType.type === MULTIPART) return await readParts(body.bytes(), mediaType, bounds);
  }
  throw new HttpProblem(415, `The body must be a form: Content-Type must be ${MULTIPART} or ${URL_ENCODED}.`);
}

function readPairs(text: string, bounds: Required<FormLimits>): FormData {
  assertCount(countOf(text, '&', bounds.maxParts) + 1, bounds);
  const form = new FormData();
  for (const [name, value] of new Query(text, 'form')) form.append(name, value);
  assertSizes(form, bounds);
  return form;
}

async function readParts(
  bytes: Uint8Array,
  { boundary }: MediaType,
  bounds: Required<FormLimits>,
): Promise<FormData> {
  if (boundary === undefined || !BOUNDARY.test(boundary)) {
    throw new HttpProblem(400, 'The Content-Type of the form has no valid boundary.');
  }
  // A copy is not made: the view has the same memory.
  const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  assertParts(content, `--${boundary}`, bounds);
  const form = await parseMultipart(content, boundary);
  assertSizes(form, bounds);
  return form;
}

async function parseMultipart(content: Buffer<ArrayBufferLike>, boundary: string): Promise<FormData> {
  const headers = { 'content-type': `${MULTIPART}; boundary="${boundary}"` };
  try {
    return await new Response(content as Buffer<ArrayBuffer>, { headers }).formData();
  } catch (cause) {
    // It throws TypeError for a defect of the form, and URIError for one of a file name.
    throw new HttpProblem(400, 'The body is not valid multipart/form-data.', { cause });
  }
}

/** The parser reads headers byte by byte, and makes objects for each part. */
function assertParts(content: Buffer, delimiter: string, bounds: Required<FormLimits>): void {
  // The last delimiter begins no part.
  const count = countOf(content, delimiter, bounds.maxParts + 1);
  assertCount(count - 1, bounds);
  let position = content.indexOf(delimiter);
  for (let part = 1; part < count; part++) {
    const end = content.subarray(position, position + MAX_HEADER_BYTES).indexOf(SECTION_END);
    if (end < 0) throw new HttpProblem(400, 'The headers of a part have no end, or are too long.');
    position = content.indexOf(delimiter, position + delimiter.length);
  }
}

/** Counts no more than `most` + 1. */
function countOf(content: string | Buffer, wanted: string, most: number): number {
  let count = 0;
  let position = content.indexOf(wanted);
  while (position >= 0 && count <= most) {
    count++;
    position = content.indexOf(wanted, position + wanted.length);
  }
  return count;
}

function assertCount(parts: number, { maxParts }: Required<FormLimits>): void {
  if (parts > maxParts) throw new HttpProblem(413, `The form may have ${maxParts} parts.`);
}

function assertSizes(form: FormData, { maxFiles, maxFieldBytes, maxFileBytes }: Required<FormLimits>): void {
  let files = 0;
  for (const [name, value] of form) {
    if (typeof value !== 'string') {
      files++;
      if (value.size > maxFileBytes) throw tooLarge('file', name, maxFileBytes);
    } else if (Buffer.byteLength(value) > maxFieldBytes) {
      throw tooLarge('field', name, maxFieldBytes);
    }
  }
  if (files > maxFiles) throw new HttpProblem(413, `The form may have ${maxFiles} files.`);
}

function tooLarge(kind: string, name: string, most: number): HttpProblem {
  return new HttpProblem(413, `A ${kind} of the form is too large.`, {
    errors: [{ path: pointerTo(name), message: `must have ${most} bytes at most` }],
  });
}

/** As a JSON pointer (RFC 6901, section 3). A name is cut, since a client chooses its length. */
function pointerTo(name: string): string {
  return `/${name.slice(0, 100).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
