/**
 * A client with a connection of its own and one question. It gives up, as people and their programs do, by
 * closing its connection. Used by the overload benchmark.
 */
import { connect } from 'node:net';

export interface Attempt {
  /** undefined if the client has given up or lost its connection. */
  readonly status: number | undefined;
  readonly ms: number;
}

export function ask(url: string, path: string, patienceMs: number): Promise<Attempt> {
  const { hostname, port, host } = new URL(url);
  const start = performance.now();
  const { promise, resolve } = Promise.withResolvers<Attempt>();
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  const finish = (status?: number) => {
    clearTimeout(timer);
    resolve({ status, ms: performance.now() - start });
    socket.destroy();
  };
  const timer = setTimeout(finish, patienceMs);
  socket.on('error', () => finish());
  socket.on('close', () => finish());
  // These answers are short enough to come in one piece.
  socket.once('data', (bytes: Buffer) => finish(Number(bytes.toString('latin1', 9, 12))));
  socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  return promise;
}
