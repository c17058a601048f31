/** A client of the soak: requests on one keep-alive connection, each with a check of its answer. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { RawClient, type RawResponse } from '../../test/support/raw-client.ts';
import type { Tally } from './tally.ts';

export class SoakClient implements Disposable {
  readonly #port: number;
  readonly #tally: Tally;
  #client: RawClient | null = null;

  constructor(port: number, tally: Tally) {
    this.#port = port;
    this.#tally = tally;
  }

  /**
   * @param name of the kind of request, for the report
   * @param isRight judges the answer. A lost connection is judged by the tally
   */
  async ask(name: string, request: string, isRight: (response: RawResponse) => boolean): Promise<void> {
    try {
      this.#client ??= await RawClient.connect(this.#port);
      this.#client.send(request);
      const response = await this.#client.next();
      this.#tally.count(name, isRight(response) ? 'right' : `status ${response.status}`);
      if (response.headers['connection'] === 'close') this.close();
    } catch (error) {
      this.#tally.count(name, `lost: ${(error as NodeJS.ErrnoException).code ?? error}`);
      this.close();
    }
  }

  close(): void {
    this.#client?.[Symbol.dispose]();
    this.#client = null;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** Opens a plain connection, for clients that do not wait for answers. */
export async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}
