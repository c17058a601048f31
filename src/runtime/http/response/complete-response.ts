/** Responses that are sent without an application: the main thread has no Request and no Response. */
import { httpDate } from './date.ts';
import { statusLine } from './status.ts';

export const JSON_CONTENT_TYPE = 'application/json';

export interface CompleteResponse {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  /** Further headers. They are trusted and not checked. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether the connection persists. It must not if the framing is in doubt. */
  readonly persists?: boolean;
}

export function completeResponse(response: CompleteResponse): Buffer {
  const { status, contentType, body, headers = {}, persists = false } = response;
  let head = `${statusLine(status)}Date: ${httpDate()}\r\nContent-Type: ${contentType}\r\n`;
  for (const [name, value] of Object.entries(headers)) {
    head += `${name}: ${value}\r\n`;
  }
  head += `Content-Length: ${Buffer.byteLength(body)}\r\n${persists ? '' : 'Connection: close\r\n'}\r\n`;
  return Buffer.concat([Buffer.from(head, 'latin1'), Buffer.from(body, 'utf8')]);
}
