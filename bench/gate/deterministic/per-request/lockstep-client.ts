/**
 * A client whose requests come in a fixed pattern, so that two runs cause the same work: every connection
 * sends the same requests together, and sends again only when all connections have all their answers.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface Pattern {
  readonly connections: number;
  /** Requests that a connection sends in one piece. */
  readonly pipelined: number;
}

export class LockstepClient implements Disposable {
  readonly #sockets: readonly Socket[];
  readonly #batch: Buffer;
  readonly #requestsInRound: number;
  /** Bytes of one answer. All have the same length, since nothing in them varies but the date. */
  #answerBytes = 0;
  #missingBytes = 0;
  #onAnswered: () => void = () => undefined;
  #onFailed: (error: Error) => void = () => undefined;

  private constructor(sockets: readonly Socket[], request: string, { connections, pipelined }: Pattern) {
    this.#sockets = sockets;
    this.#batch = Buffer.from(request.repeat(pipelined));
    this.#requestsInRound = connections * pipelined;
    for (const socket of sockets) {
      socket.on('data', (bytes) => this.#onAnswer(bytes.length));
      socket.on('error', (error) => this.#onFailed(error));
      socket.on('end', () => this.#onFailed(new Error('the server has closed a connection')));
    }
  }

  /** @param url of a path that is answered with 200 */
  static async connect(url: string, pattern: Pattern): Promise<LockstepClient> {
    const { hostname, port, pathname } = new URL(url);
    const request = `GET ${pathname} HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`;
    const sockets = Array.from({ length: pattern.connections }, () => connect(Number(port), hostname));
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    for (const socket of sockets) socket.setNoDelay();
    const answerBytes = await lengthOfAnswer(sockets[0] as Socket, request);
    const client = new LockstepClient(sockets, request, pattern);
    client.#answerBytes = answerBytes;
    return client;
  }

  /** Bytes of one request and of one answer. */
  get bytes(): { readonly request: number; readonly answer: number } {
    const pipelined = this.#requestsInRound / this.#sockets.length;
    return { request: this.#batch.length / pipelined, answer: this.#answerBytes };
  }

  /** @returns the requests that were answered: so many, or a few more to fill the last round */
  async ask(requests: number): Promise<number> {
    const rounds = Math.ceil(requests / this.#requestsInRound);
    for (let round = 0; round < rounds; round += 1) await this.#askOnce();
    return rounds * this.#requestsInRound;
  }

  #askOnce(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#onAnswered = resolve;
    this.#onFailed = reject;
    this.#missingBytes = this.#requestsInRound * this.#answerBytes;
    for (const socket of this.#sockets) socket.write(this.#batch);
    return promise;
  }

  #onAnswer(bytes: number): void {
    this.#missingBytes -= bytes;
    if (this.#missingBytes === 0) this.#onAnswered();
    else if (this.#missingBytes < 0) this.#onFailed(new Error('the server answers with more than before'));
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

async function lengthOfAnswer(socket: Socket, request: string): Promise<number> {
  socket.write(request);
  const [first] = (await once(socket, 'data')) as [Buffer];
  const text = first.toString('latin1');
  const head = /^HTTP\/1\.1 200 .*\r\n(?:.+\r\n)*content-length: (\d+)\r\n(?:.+\r\n)*\r\n/i.exec(text);
  if (head === null) throw new Error(`the server has not answered with 200 and a length:\n${text}`);
  const length = head[0].length + Number(head[1]);
  if (first.length !== length) throw new Error('an answer has come in pieces');
  return length;
}
