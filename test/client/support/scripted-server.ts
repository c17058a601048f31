/**
 * A node:http server that answers as a test tells it to, also in ways that the real one never would. It
 * records the requests that it gets.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { CloudVmClient } from '../../../src/client/index.ts';
import type { ClientOptions } from '../../../src/client/options.ts';

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** Aborted when its connection is gone. */
  readonly gone: AbortSignal;
}

export type Script = (response: ServerResponse, request: SeenRequest, number: number) => void;

export class ScriptedServer implements AsyncDisposable {
  readonly requests: SeenRequest[] = [];
  readonly url: string;
  readonly #server: Server;

  /** @param script called for each request, with its number from 0 */
  static async start(script: Script): Promise<ScriptedServer> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new ScriptedServer(server, script);
  }

  private constructor(server: Server, script: Script) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const ends = new WeakMap<Socket, AbortSignal>();
    server.on('connection', (socket) => {
      const gone = new AbortController();
      ends.set(socket, gone.signal);
      socket.once('close', () => gone.abort());
    });
    server.on('request', async (request, response) => {
      // A client that gives up may leave half a request.
      const body = await text(request).catch(() => '');
      const { method = '', url = '', headers } = request;
      const gone = ends.get(request.socket) ?? AbortSignal.abort();
      const seen = { method, url, headers, body, gone };
      script(response, seen, this.requests.push(seen) - 1);
    });
  }

  /** Quick to try again, so that tests do not wait. */
  client(options: Partial<ClientOptions> = {}): CloudVmClient {
    return new CloudVmClient({
      url: this.url,
      ...options,
      retry: { baseDelayMs: 1, maxDelayMs: 5, ...options.retry },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}

export function answerJson(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
  response.end(JSON.stringify(value));
}

export function answerProblem(
  response: ServerResponse,
  status: number,
  name: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const problem = { type: `/problems/${name}`, title: name, status, detail: 'A test wants it.' };
  answerJson(response, status, problem, { 'Content-Type': 'application/problem+json', ...headers });
}

export const ID = '66a1f0c2e4b0a1b2c3d4e5f6';

export const VM = {
  id: ID,
  name: 'web',
  provider: 'local',
  region: 'here',
  instanceId: 'i-1',
  size: 'small',
  status: 'running',
  tags: [],
  createdAt: '2026-05-01T12:00:00.000Z',
  updatedAt: '2026-05-01T12:00:00.000Z',
  version: 2,
} as const;

export const OPERATION = {
  id: '66a1f0c2e4b0a1b2c3d4e5f7',
  vmId: ID,
  kind: 'start',
  status: 'succeeded',
  error: null,
  attempts: 1,
  createdAt: '2026-05-01T12:00:00.000Z',
  startedAt: '2026-05-01T12:00:00.000Z',
  finishedAt: '2026-05-01T12:00:00.262Z',
} as const;
