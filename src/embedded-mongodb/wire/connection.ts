/**
 * One client's socket: messages in, replies out, in the order of the requests. A client that breaks the
 * protocol loses its connection and nothing else; one that does not read its replies is not read either.
 */
import type { Socket } from 'node:net';
import { serialize } from 'bson';
import type { Server } from '../commands/command.ts';
import { readCommands } from '../commands/find.ts';
import { execute } from '../commands/registry.ts';
import { CommandError, errorReply, ProtocolError } from '../errors.ts';
import { asCommandError, type CommandSteps, type Executor, Slice } from '../executor.ts';
import type { Log } from '../log.ts';
import { FrameReader } from './frames.ts';
import { encodeReply, parseRequest, type Request } from './message.ts';

/** Requests of one connection that are waiting or running; drivers send one at a time. */
const MAX_PENDING = 64;
/** Replies that the client has not taken: no more requests are read from there on. */
const MAX_UNSENT_BYTES = 48_000_000;

export class Connection {
  readonly #socket: Socket;
  readonly #number: number;
  readonly #server: Server;
  readonly #executor: Executor;
  readonly #log: Log;
  readonly #frames = new FrameReader();
  #pending = 0;
  #replies = 0;
  #closed = false;
  #stopped = false;

  constructor(socket: Socket, number: number, server: Server, executor: Executor, log: Log) {
    this.#socket = socket;
    this.#number = number;
    this.#server = server;
    this.#executor = executor;
    this.#log = log;
    socket.on('data', (bytes: Buffer) => this.#receive(bytes));
    socket.on('drain', () => this.#resumeIfPossible());
    socket.on('error', (error) =>
      log('debug', 'a database connection broke', { connection: number, reason: error.message }),
    );
    socket.on('close', () => this.#onClose());
  }

  /** What was read is still answered; no more is read. */
  stop(): void {
    this.#stopped = true;
    this.#socket.pause();
  }

  /** Replies that are on their way are still sent. */
  end(): void {
    this.#socket.destroySoon();
  }

  #receive(bytes: Buffer): void {
    try {
      for (const message of this.#frames.read(bytes)) {
        if (this.#closed) return;
        this.#submit(parseRequest(message));
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#log('warn', 'a database connection broke the protocol', {
        connection: this.#number,
        reason: error.message,
      });
      this.#closed = true;
      this.#socket.destroy();
    }
  }

  #submit(request: Request): void {
    this.#pending += 1;
    if (this.#pending >= MAX_PENDING) this.#socket.pause();
    const slice = new Slice();
    this.#executor.submit({
      steps: steps(this.#server, this.#number, request, slice),
      slice,
      // Writes run to their end, as in MongoDB: whoever sent them may be gone and still wants them.
      cancelled: () => this.#closed && isRead(request),
      complete: (reply) => this.#reply(request, reply),
      fail: (error) => this.#reply(request, serialize(errorReply(this.#describe(error)))),
    });
  }

  #describe(error: unknown): CommandError {
    if (error instanceof CommandError) return error;
    this.#log('error', 'a database command failed unexpectedly', {
      connection: this.#number,
      reason: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
    return asCommandError(error);
  }

  #reply(request: Request, body: Uint8Array): void {
    this.#pending -= 1;
    if (!this.#closed && request.expectsReply) {
      this.#replies = (this.#replies + 1) & 0x7fffffff;
      this.#socket.cork();
      for (const part of encodeReply(request, this.#replies, body)) this.#socket.write(part);
      this.#socket.uncork();
      if (this.#socket.writableLength > MAX_UNSENT_BYTES) this.#socket.pause();
    }
    this.#resumeIfPossible();
  }

  #resumeIfPossible(): void {
    if (this.#closed || this.#stopped || !this.#socket.isPaused()) return;
    if (this.#pending < MAX_PENDING && this.#socket.writableLength <= MAX_UNSENT_BYTES) this.#socket.resume();
  }

  /** Replies or not. */
  destroy(): void {
    this.#socket.destroy();
  }

  #onClose(): void {
    this.#closed = true;
    this.#server.cursors.closeConnection(this.#number);
  }
}

function isRead(request: Request): boolean {
  const [name] = Object.keys(request.command);
  return name !== undefined && readCommands.has(name);
}

/** Executing starts with the first step, so that its errors are errors of the command. */
function* steps(server: Server, connection: number, request: Request, slice: Slice): CommandSteps {
  const result = execute(server, connection, request, slice);
  return result instanceof Uint8Array ? result : yield* result;
}
