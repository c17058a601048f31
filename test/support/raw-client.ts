/**
 * A client that is a plain TCP connection, for tests of the bytes on the wire. It sends exactly the bytes it
 * is given, parses the responses in the order in which they come, and can half-close, reset or stop reading.
 * It waits for events only. If a server never answers, the time limit of the test ends the wait.
 */

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface RawResponse {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface RawClientOptions {
  readonly host?: string;
  /** Starts without reading. See `resume`. */
  readonly paused?: boolean;
}

interface Head {
  readonly status: number;
  readonly headers: Record<string, string>;
}

/** The connection ended before the response was complete. */
export class ConnectionEndedError extends Error {
  readonly code = 'ERR_CONNECTION_ENDED';
  override readonly name = 'ConnectionEndedError';

  constructor(reason: string, rest: Buffer) {
    super(`The connection has ended (${reason}) after ${JSON.stringify(rest.toString('latin1', 0, 200))}`);
  }
}

export class RawClient implements Disposable {
  readonly socket: Socket;
  /** Bytes that came, in all. */
  received = 0;
  /** Whether the server has sent FIN, or the connection is gone. */
  ended = false;
  /** Code of the error that the connection ended with. */
  error: string | undefined;
  readonly #closed: Promise<unknown>;
  #pieces: Buffer[] = [];
  #length = 0;
  /** Of the response that is being received. */
  #head: Head | undefined;
  #changed = Promise.withResolvers<void>();

  static async connect(port: number, options: RawClientOptions = {}): Promise<RawClient> {
    const { host = '127.0.0.1', paused = false } = options;
    const socket = connect({ port, host, noDelay: true, allowHalfOpen: true });
    await once(socket, 'connect');
    return new RawClient(socket, paused);
  }

  private constructor(socket: Socket, paused: boolean) {
    this.socket = socket;
    socket.on('data', (bytes: Buffer) => {
      this.#pieces.push(bytes);
      this.#length += bytes.length;
      this.received += bytes.length;
      this.#notify();
    });
    if (paused) socket.pause();
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.error = error.code ?? error.message;
    });
    socket.on('end', () => this.#end());
    this.#closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('close', () => this.#end());
  }

  send(data: string | Uint8Array): void {
    this.socket.write(data);
  }

  /** Resolves when the kernel has the bytes: what is sent after lies in another segment. */
  async sendSegment(data: string | Uint8Array): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.socket.write(data, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Sends a GET and waits for its response. */
  async get(path: string): Promise<RawResponse> {
    this.send(getRequest(path));
    return await this.next();
  }

  /**
   * The next response, interim ones included.
   * @param isHead whether it answers HEAD and so has no body
   * @throws ConnectionEndedError
   */
  async next(isHead = false): Promise<RawResponse> {
    for (;;) {
      const response = this.#take(isHead);
      if (response !== null) return response;
      if (this.ended) throw new ConnectionEndedError(this.error ?? 'FIN', Buffer.concat(this.#pieces));
      await this.#changed.promise;
    }
  }

  /** The next response that is not interim. A client that has sent FIN may get interim ones first. */
  async final(): Promise<RawResponse> {
    for (;;) {
      const response = await this.next();
      if (response.status >= 200) return response;
    }
  }

  /** Waits for the server's FIN, or a reset. @returns the bytes that belong to no response that was taken */
  async end(): Promise<Buffer> {
    while (!this.ended) await this.#changed.promise;
    return Buffer.concat(this.#pieces);
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  /** Sends FIN. Further responses are still read. */
  halfClose(): void {
    this.socket.end();
  }

  /** Sends RST. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  async close(): Promise<void> {
    this.socket.destroy();
    await this.#closed;
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }

  #end(): void {
    this.ended = true;
    this.#notify();
  }

  #notify(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  #take(isHead: boolean): RawResponse | null {
    if (this.#head === undefined) {
      const bytes = this.#joined();
      const end = bytes.indexOf('\r\n\r\n');
      if (end < 0) return null;
      this.#head = parseHead(bytes.toString('latin1', 0, end));
      this.#keepFrom(end + 4);
    }
    const head = this.#head;
    if (head.headers['transfer-encoding'] === 'chunked' && !isHead) return this.#takeChunked(head);
    const length = isHead || head.status < 200 ? 0 : Number(head.headers['content-length'] ?? 0);
    if (this.#length < length) return null;
    const bytes = this.#joined();
    this.#keepFrom(length);
    this.#head = undefined;
    return { ...head, body: bytes.subarray(0, length) };
  }

  #takeChunked(head: Head): RawResponse | null {
    const bytes = this.#joined();
    const chunks: Buffer[] = [];
    for (let start = 0; ; ) {
      const lineEnd = bytes.indexOf('\r\n', start);
      if (lineEnd < 0) return null;
      const size = Number.parseInt(bytes.toString('latin1', start, lineEnd), 16);
      const end = lineEnd + 2 + size;
      if (bytes.length < end + 2) return null;
      chunks.push(bytes.subarray(lineEnd + 2, end));
      start = end + 2;
      if (size > 0) continue;
      this.#keepFrom(start);
      this.#head = undefined;
      return { ...head, body: Buffer.concat(chunks) };
    }
  }

  #joined(): Buffer {
    if (this.#pieces.length !== 1) this.#pieces = [Buffer.concat(this.#pieces)];
    return this.#pieces[0] ?? Buffer.alloc(0);
  }

  #keepFrom(start: number): void {
    const rest = this.#joined().subarray(start);
    this.#pieces = [rest];
    this.#length = rest.length;
  }
}

export function getRequest(path: string, headers = ''): string {
  return `GET ${path} HTTP/1.1\r\nHost: test\r\n${headers}\r\n`;
}

export function postRequest(path: string, body: string, headers = ''): string {
  return `POST ${path} HTTP/1.1\r\nHost: test\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${headers}\r\n${body}`;
}

function parseHead(text: string): Head {
  const [statusLine = '', ...lines] = text.split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1]);
  if (!(status >= 100)) throw new Error(`No response begins with ${JSON.stringify(statusLine)}`);
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  return { status, headers };
}
