/**
 * A debugger as browsers and editors have one: it speaks the DevTools protocol with the process, and through
 * the domain NodeWorker with each of its worker threads.
 */

import { once } from 'node:events';
import type { ServerProcess } from './server-process.ts';

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly sessionId?: string; readonly message?: string };
}

export class Debugger implements Disposable {
  readonly #socket: WebSocket;
  #lastId = 0;
  readonly #replies = new Map<string, () => void>();
  readonly #attached = new Set<string>();
  #paused = Promise.withResolvers<string>();

  /** Attaches to the process and all of its workers. The process listens for a debugger, or will soon. */
  static async attach(server: ServerProcess, workers: number): Promise<Debugger> {
    await server.complete;
    const socket = new WebSocket(await server.errorLine(/Debugger listening on (ws:\S+)/));
    await once(socket, 'open');
    const attached = new Debugger(socket);
    await attached.#attachToWorkers(workers);
    return attached;
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => this.#onMessage(JSON.parse(String(data)), ''));
  }

  /** Waits until a worker stands at a breakpoint. @returns a function that lets it go on */
  async paused(): Promise<() => Promise<void>> {
    const session = await this.#paused.promise;
    this.#paused = Promise.withResolvers();
    return () => this.#askWorker(session, 'Debugger.resume');
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }

  async #attachToWorkers(count: number): Promise<void> {
    await this.#ask('NodeWorker.enable', { waitForDebuggerOnStart: false });
    if (this.#attached.size !== count) throw new Error(`It has ${this.#attached.size} workers`);
    await Promise.all([...this.#attached].map((session) => this.#askWorker(session, 'Debugger.enable')));
  }

  #ask(method: string, params: object): Promise<void> {
    const id = ++this.#lastId;
    this.#socket.send(JSON.stringify({ id, method, params }));
    return this.#reply('', id);
  }

  async #askWorker(sessionId: string, method: string): Promise<void> {
    const id = ++this.#lastId;
    const message = JSON.stringify({ id, method });
    const replied = this.#reply(sessionId, id);
    await this.#ask('NodeWorker.sendMessageToWorker', { sessionId, message });
    await replied;
  }

  #reply(session: string, id: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#replies.set(`${session}/${id}`, resolve);
    return promise;
  }

  /** @param session of the worker that says it. Empty for the process itself */
  #onMessage({ id, method, params }: Message, session: string): void {
    if (id !== undefined) this.#replies.get(`${session}/${id}`)?.();
    if (method === 'Debugger.paused') this.#paused.resolve(session);
    const { sessionId, message } = params ?? {};
    if (sessionId === undefined) return;
    if (method === 'NodeWorker.attachedToWorker') this.#attached.add(sessionId);
    if (method === 'NodeWorker.receivedMessageFromWorker' && message !== undefined) {
      this.#onMessage(JSON.parse(message), sessionId);
    }
  }
}
