/**
 * Sends one request over an in-process connection, with the HTTP client of Node.js. So the application reads
 * bytes that a client has written, and its answer is read by another parser than ours.
 */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

export interface InjectedRequest {
  /** GET by default. */
  readonly method?: string;
  /** Path and query, percent-encoded. */
  readonly target: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /**
   * Text and bytes are sent as they are. Any other value is sent as JSON, with its Content-Type unless there
   * is another.
   */
  readonly body?: unknown;
}

/** As of a client that keeps its connection. */
const DEFAULT_HEADERS = { host: 'localhost', connection: 'keep-alive' };

/**
 * @returns the head of the response, and its content as a stream. The connection ends with it
 * @throws Error for what an HTTP client cannot send, and if the connection ends without a response
 */
export async function send(request: InjectedRequest, connection: Duplex): Promise<IncomingMessage> {
  try {
    return await responseTo(request, connection);
  } catch (error) {
    connection.destroy();
    throw error;
  }
}

function responseTo(request: InjectedRequest, connection: Duplex): Promise<IncomingMessage> {
  const content = contentOf(request.body);
  return new Promise((resolve, reject) => {
    const message = httpRequest({
      method: request.method ?? 'GET',
      path: request.target,
      headers: headersOf(request, content),
      createConnection: () => connection,
    });
    message.once('response', (response) => {
      response.once('close', () => connection.destroy());
      resolve(response);
    });
    // The client of Node.js gives no response to CONNECT, but what follows it.
    message.once('connect', () => reject(new Error('CONNECT cannot be injected')));
    // Also after the response, when its reader learns of the error by itself.
    message.on('error', reject);
    message.end(content);
  });
}

function contentOf(body: unknown): string | Uint8Array | undefined {
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) return body;
  return JSON.stringify(body);
}

function headersOf(
  { headers = {}, body }: InjectedRequest,
  content: string | Uint8Array | undefined,
): Record<string, string | string[]> {
  const all: Record<string, string | string[]> = { ...DEFAULT_HEADERS };
  if (content !== undefined && content !== body) all['content-type'] = 'application/json';
  for (const [name, value] of Object.entries(headers)) {
    all[name.toLowerCase()] = typeof value === 'string' ? value : [...value];
  }
  if (content !== undefined && !('transfer-encoding' in all)) {
    all['content-length'] ??= String(Buffer.byteLength(content));
  }
  return all;
}
