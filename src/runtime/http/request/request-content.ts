/**
 * Content as text and as JSON, and the refusal of other content than the handler asks for. IncomingRequest,
 * RequestBody and the reader of forms use it.
 */
import { parse } from 'content-type';
import { HttpProblem } from '../problem.ts';

export const UTF_8 = 'utf-8';

export interface MediaType {
  /** In lower case. */
  readonly type: string;
  /** In lower case, UTF-8 if there is none. */
  readonly charset: string;
  /** Of multipart types. */
  readonly boundary: string | undefined;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });
/** application/json, or any application subtype with the +json suffix (RFC 6839, section 3.1) */
const JSON_MEDIA_TYPE = /^application\/(?:[!#$&^_.+0-9a-z-]+\+)?json$/;

export function decodeUtf8(bytes: Uint8Array): string {
  if (bytes.length === 0) return '';
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new HttpProblem(400, 'The body is not valid UTF-8.', { cause });
  }
}

/**
 * @param isAnnounced whether the request says that it has a body (RFC 9112, section 6.3), even one of length
 *   0
 */
export function assertAnnounced(isAnnounced: boolean): void {
  if (isAnnounced) return;
  throw new HttpProblem(
    411,
    'A body is expected, but the request has neither Content-Length nor Transfer-Encoding.',
  );
}

/** @param contentType the Content-Type header, if there is one */
export function assertJson(contentType: string | undefined, bodyLength: number): void {
  if (contentType === undefined ? bodyLength > 0 : !isJson(contentType)) {
    throw new HttpProblem(415, 'The body must be JSON: Content-Type must be application/json in UTF-8.');
  }
  if (bodyLength <= 0) throw new HttpProblem(400, 'The body is empty, but JSON is expected.');
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new HttpProblem(400, 'The body is not valid JSON.', { cause });
  }
}

function isJson(contentType: string): boolean {
  if (contentType === 'application/json') return true;
  const { type, charset } = mediaTypeOf(contentType);
  return JSON_MEDIA_TYPE.test(type) && charset === UTF_8;
}

/** @returns an empty type for a header that cannot be believed */
export function mediaTypeOf(contentType: string): MediaType {
  const { type, parameters, index } = parse(contentType, { comma: true });
  // A comma outside quotes separates the values of two fields, of which none can be believed.
  const isOneValue = index >= contentType.length;
  const charset = (parameters['charset'] ?? UTF_8).toLowerCase();
  return { type: isOneValue ? type : '', charset, boundary: parameters['boundary'] };
}
