/** Two processes on one database, for tests that kill them. */
import { setTimeout as delay } from 'node:timers/promises';
import { CloudVmProcess } from './cloudvm-process.ts';

const NO_ANSWER = 0;

type Json = Record<string, unknown>;

/** Two servers that come back after they are killed. */
export class Fleet implements AsyncDisposable {
  readonly #settings: Readonly<Record<string, string>>;
  readonly #servers: CloudVmProcess[];
  #next = 0;

  static async start(settings: Readonly<Record<string, string>>): Promise<Fleet> {
    const start = () => CloudVmProcess.start('/nonexistent', settings);
    return new Fleet(settings, await Promise.all([start(), start()]));
  }

  private constructor(settings: Readonly<Record<string, string>>, servers: CloudVmProcess[]) {
    this.#settings = settings;
    this.#servers = servers;
  }

  /** Asks one of them. A request that gets no answer may or may not have been carried out. */
  async ask(method: string, path: string, token: string | undefined, question: object = {}) {
    const server = this.#servers[this.#next++ % 2];
    try {
      if (server !== undefined) return await server.ask(method, path, { token, ...question });
    } catch {
      await delay(50);
    }
    return { status: NO_ANSWER, headers: new Headers(), json: {} as Json };
  }

  /** Asks until there is an answer that is not the fault of a kill. Only for what may be repeated. */
  async insist(method: string, path: string, token: string | undefined, question: object = {}) {
    for (;;) {
      const answer = await this.ask(method, path, token, question);
      if (answer.status !== NO_ANSWER && answer.status < 500 && !isKeyInUse(answer)) return answer;
      await delay(50);
    }
  }

  async killOne(): Promise<void> {
    const index = Math.random() < 0.5 ? 0 : 1;
    await this.#servers[index]?.kill();
    this.#servers[index] = await CloudVmProcess.start('/nonexistent', this.#settings);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#servers.map((server) => server[Symbol.asyncDispose]()));
  }
}

/** A process that had the request may have died. */
function isKeyInUse({ status, json }: { readonly status: number; readonly json: Json }): boolean {
  return status === 409 && json['type'] === '/problems/idempotency-key-in-use';
}
