/** Sends one request at a time on a connection and keeps every byte that comes back. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type LoadRequest, requestBytes, withUniqueText } from '../load/request.ts';

export interface WireAnswer {
  readonly status: number;
  /** By names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
  /** Of the head and the body. */
  readonly bytes: number;
}

const TIMEOUT_MS = 30_000;
const HEAD_END = '\r\n\r\n';
const MOST_BYTES = 64 * 1024 * 1024;

export class WireConnection implements Disposable {
  readonly #socket: Socket;
  readonly #host: string;
  #ended = false;

  private constructor(socket: Socket, host: string) {
    this.#socket = socket;
    this.#host = host;
    socket.on('error', () => undefined);
    socket.once('close', () => {
      this.#ended = true;
    });
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error('no answer in time')));
  }

  static async open(url: string): Promise<WireConnection> {
    const { hostname, port, host } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    await once(socket, 'connect');
    return new WireConnection(socket, host);
  }

  /** @throws Error if the connection ends before the answer does, or if the answer's end cannot be known */
  async exchange(request: LoadRequest): Promise<WireAnswer> {
    if (this.#ended) throw new Error('the connection is closed');
    const { promise, resolve, reject } = Promise.withResolvers<WireAnswer>();
    let received: Buffer = Buffer.alloc(0);
    const onClose = () => reject(new Error('the connection was closed before the answer was complete'));
    const onData = (piece: Buffer) => {
      received = Buffer.concat([received, piece]);
      try {
        const answer = parse(received);
        if (answer !== undefined) resolve(answer);
        else if (received.length > MOST_BYTES) throw new Error(`an answer of over ${MOST_BYTES} bytes`);
      } catch (error) {
        reject(error);
      }
    };
    this.#socket.on('data', onData).once('close', onClose);
    this.#socket.write(requestBytes(withUniqueText(request), this.#host));
    try {
      return await promise;
    } finally {
      this.#socket.off('data', onData).off('close', onClose);
    }
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

/** A single exchange on a connection of its own. */
export async function exchange(url: string, request: LoadRequest): Promise<WireAnswer> {
  using connection = await WireConnection.open(url);
  return await connection.exchange(request);
}

/** @returns undefined as long as something is missing */
function parse(bytes: Buffer): WireAnswer | undefined {
  const headEnd = bytes.indexOf(HEAD_END);
  if (headEnd < 0) return undefined;
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, headEnd).split('\r\n');
  const headers = new Map(lines.map(readField));
  const status = Number(statusLine.split(' ')[1]);
  const length = contentLength(status, headers);
  const start = headEnd + HEAD_END.length;
  if (bytes.length < start + length) return undefined;
  if (bytes.length > start + length) throw new Error('more came than one answer');
  return { status, headers, body: bytes.subarray(start), bytes: bytes.length };
}

function readField(line: string): [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}

function contentLength(status: number, headers: ReadonlyMap<string, string>): number {
  if (status === 204 || status === 304) return 0;
  const length = headers.get('content-length');
  if (length === undefined) throw new Error('an answer has no Content-Length');
  return Number(length);
}
