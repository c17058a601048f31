/** A request as load generators send it many times. */
import { randomUUID } from 'node:crypto';

/** Stands in a header field for a text that differs in each request. */
export const UNIQUE = '@unique@';

export interface LoadRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** A value may contain UNIQUE. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** The request as it is sent once. */
export function withUniqueText(request: LoadRequest): LoadRequest {
  const unique = randomUUID();
  const fields = Object.entries(request.headers).map(([name, value]) => [
    name,
    value.replace(UNIQUE, unique),
  ]);
  return { ...request, headers: Object.fromEntries(fields) };
}

/** Its bytes in HTTP/1.1, which may contain UNIQUE. @param host as in the field of that name */
export function requestBytes({ method, path, headers, body }: LoadRequest, host: string): Buffer {
  const content = body === undefined ? undefined : Buffer.from(body);
  const fields = Object.entries({
    Host: host,
    ...headers,
    ...(content !== undefined && { 'Content-Length': String(content.length) }),
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = Buffer.from(`${method} ${path} HTTP/1.1\r\n${fields.join('')}\r\n`, 'latin1');
  return content === undefined ? head : Buffer.concat([head, content]);
}
