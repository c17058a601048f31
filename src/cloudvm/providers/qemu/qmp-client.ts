/**
 * A client of the QEMU Machine Protocol (https://www.qemu.org/docs/master/interop/qmp-spec.html): JSON in
 * lines, a greeting first, then an answer to each command. Events come between them, and are ignored. QEMU
 * serves one client at a time. The others wait for its greeting.
 */
import { createConnection, type Socket } from 'node:net';
import { inTime } from './waiting.ts';

/** Of what has come of a line. An answer grows with the number of snapshots. */
const MAX_LINE_LENGTH = 4_194_304;

/** QEMU refuses a command, or does not answer as the protocol says. The message is for the operator. */
export class QmpError extends Error {
  readonly code = 'ERR_QMP';
  override readonly name = 'QmpError';
}

export interface QmpClientOptions {
  readonly signal: AbortSignal;
  /** For the greeting, and for each answer. */
  readonly answerTimeoutMs: number;
}

interface Waiting {
  /** Of the command. undefined for the greeting. */
  readonly id: number | undefined;
  readonly answer: PromiseWithResolvers<unknown>;
}

export class QmpClient implements Disposable {
  readonly #socket: Socket;
  readonly #options: QmpClientOptions;
  #line = '';
  #lastId = 0;
  #waiting: Waiting | undefined;

  /** @throws QmpError, and the reason of the signal */
  static async connect(path: string, options: QmpClientOptions): Promise<QmpClient> {
    const client = new QmpClient(path, options);
    try {
      await client.#answer(undefined);
      await client.execute('qmp_capabilities');
      return client;
    } catch (error) {
      client[Symbol.dispose]();
      throw error;
    }
  }

  private constructor(path: string, options: QmpClientOptions) {
    this.#options = options;
    this.#socket = createConnection({ path }).setEncoding('utf8');
    this.#socket.on('data', (text: string) => this.#receive(text));
    this.#socket.on('error', ({ message }) => this.#fail(`the connection failed: ${message}`));
    this.#socket.on('close', () => this.#fail('the connection was closed'));
  }

  /**
   * One command at a time.
   * @returns what the command returns
   * @throws QmpError, and the reason of the signal
   */
  async execute(command: string, parameters: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    if (this.#socket.destroyed) throw new QmpError('the connection was closed');
    if (this.#waiting !== undefined) throw new QmpError('a command is under way');
    this.#lastId += 1;
    const id = this.#lastId;
    this.#socket.write(`${JSON.stringify({ execute: command, arguments: parameters, id })}\n`);
    return this.#answer(id);
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  async #answer(id: number | undefined): Promise<unknown> {
    const answer = Promise.withResolvers<unknown>();
    const { signal, answerTimeoutMs: timeoutMs } = this.#options;
    this.#waiting = { id, answer };
    try {
      return await inTime(answer.promise, { timeoutMs, signal, late: new QmpError('QEMU does not answer') });
    } finally {
      this.#waiting = undefined;
    }
  }

  #receive(text: string): void {
    const [first = '', ...rest] = text.split('\n');
    this.#line += first;
    for (const next of rest) {
      this.#take(this.#line);
      this.#line = next;
    }
    if (this.#line.length > MAX_LINE_LENGTH) this.#breakOff('a line without end');
  }

  #take(line: string): void {
    if (this.#socket.destroyed || line.trim() === '') return;
    const message = parseMessage(line);
    if (message === undefined) this.#breakOff('something else than JSON');
    else if (this.#waiting !== undefined && !('event' in message)) this.#answerWith(message, this.#waiting);
  }

  #answerWith(message: Message, { id, answer }: Waiting): void {
    if (id === undefined) {
      if ('QMP' in message) answer.resolve(undefined);
      else this.#breakOff('something else than its greeting');
    } else if ('error' in message) {
      // A command that could not be read is refused without its id.
      if ((message['id'] ?? id) === id) answer.reject(refusal(message));
    } else if (message['id'] === id) {
      answer.resolve(message['return']);
    }
  }

  #breakOff(what: string): void {
    this.#fail(`QEMU has sent ${what}`);
    this.#socket.destroy();
  }

  #fail(message: string): void {
    this.#waiting?.answer.reject(new QmpError(message));
  }
}

type Message = Readonly<Record<string, unknown>>;

function parseMessage(line: string): Message | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isMessage(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export function isMessage(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refusal({ error }: Message): QmpError {
  const words = isMessage(error) ? error['desc'] : undefined;
  return new QmpError(typeof words === 'string' ? words : 'QEMU has refused the command');
}
