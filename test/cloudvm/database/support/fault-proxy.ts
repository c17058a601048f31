/**
 * A proxy between the driver and a database that fails on demand. It loses the answer of one command together
 * with its connection, answers one command with an error, or holds answers back. It also counts commands.
 * Used by the tests of DatabaseService.
 */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { BSON } from 'mongodb';

const HEADER_BYTES = 16;
const OP_MSG = 2013;

/** What a server answers when it refuses a command. */
interface Refusal {
  readonly code: number;
  readonly errmsg: string;
}

export class FaultProxy implements AsyncDisposable {
  readonly #database: URL;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #heldBack: (() => void)[] = [];
  readonly #counts = new Map<string, number>();
  #isRefusing = false;
  #fatalCommand: string | undefined;
  #refusal: { readonly command: string; readonly error: Refusal } | undefined;
  #holding: string | undefined;
  #onHeld: (() => void) | undefined;

  /** Whether the connection string names a single host, by TCP address or Unix socket, without encryption. */
  static canServe(uri: string): boolean {
    return URL.canParse(uri) && uri.startsWith('mongodb://') && !/(tls|ssl)=true/i.test(uri);
  }

  static async start(uri: string): Promise<FaultProxy> {
    const proxy = new FaultProxy(new URL(uri));
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  private constructor(database: URL) {
    this.#database = database;
    this.#server = createServer((client) => {
      if (this.#isRefusing) client.resetAndDestroy();
      else this.#forward(client, dial(database.host));
    });
  }

  /**
   * The database's connection string with another host. The driver repeats nothing, so that our code has to.
   */
  get uri(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy does not listen');
    const uri = new URL(this.#database);
    uri.host = `127.0.0.1:${address.port}`;
    uri.searchParams.set('directConnection', 'true');
    uri.searchParams.set('retryWrites', 'false');
    return uri.href;
  }

  /** Connections from the driver that are open. */
  get connections(): number {
    return this.#sockets.size / 2;
  }

  /** Connections are reset from now on. */
  refuseConnections(): void {
    this.#isRefusing = true;
  }

  acceptConnections(): void {
    this.#isRefusing = false;
  }

  /** How often this command has come. */
  countOf(command: string): number {
    return this.#counts.get(command) ?? 0;
  }

  /** Loses the next answer to this command and its connection, after the database has done its work. */
  loseAnswerOf(command: string): void {
    this.#fatalCommand = command;
  }

  /** Answers the next of this command with an error. The database does not see it. */
  refuse(command: string, error: Refusal): void {
    this.#refusal = { command, error };
  }

  /** Holds back the answers to this command. @returns once `count` of them are held */
  holdAnswersOf(command: string, count: number): Promise<void> {
    this.#holding = command;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onHeld = () => {
      if (this.#heldBack.length >= count) resolve();
    };
    return promise;
  }

  release(): void {
    this.#holding = undefined;
    for (const deliver of this.#heldBack.splice(0)) deliver();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #forward(client: Socket, database: Socket): void {
    let fatal = false;
    let held = false;
    for (const [socket, other] of [
      [client, database],
      [database, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.once('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
      // These tests provoke resets. The 'close' that follows is what counts.
      socket.on('error', () => {});
    }
    client.on('data', (bytes: Buffer) => {
      const command = commandOf(bytes);
      this.#counts.set(command, this.countOf(command) + 1);
      if (command === this.#fatalCommand) {
        this.#fatalCommand = undefined;
        fatal = true;
      }
      held = command === this.#holding;
      if (command === this.#refusal?.command) {
        client.write(refusalOf(bytes, this.#refusal.error));
        this.#refusal = undefined;
      } else {
        database.write(bytes);
      }
    });
    database.on('data', (bytes: Buffer) => {
      if (fatal) {
        client.destroy();
      } else if (held) {
        this.#heldBack.push(() => client.write(bytes));
        this.#onHeld?.();
      } else {
        client.write(bytes);
      }
    });
  }
}

function dial(host: string): Socket {
  const name = decodeURIComponent(host);
  if (name.endsWith('.sock')) return connect(name);
  const colon = name.lastIndexOf(':');
  return colon < 0 ? connect(27017, name) : connect(Number(name.slice(colon + 1)), name.slice(0, colon));
}

/**
 * The driver sends one message at a time. The name is the first field of its document: flags (4), section
 * kind (1), size (4), type (1), name.
 */
function commandOf(frame: Buffer): string {
  const start = HEADER_BYTES + 4 + 1 + 4 + 1;
  return frame.toString('latin1', start, frame.indexOf(0, start));
}

/** A header (length, request, request answered, operation), flags, section kind, and the document. */
function refusalOf(frame: Buffer, error: Refusal): Buffer {
  const document = BSON.serialize({ ok: 0, ...error });
  const head = Buffer.alloc(HEADER_BYTES + 4 + 1);
  head.writeInt32LE(head.length + document.length, 0);
  head.writeInt32LE(frame.readInt32LE(4), 8);
  head.writeInt32LE(OP_MSG, 12);
  return Buffer.concat([head, document]);
}
