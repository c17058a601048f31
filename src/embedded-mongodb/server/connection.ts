/**
 * One client's socket: requests in, replies out. A client that breaks the protocol loses its connection, and
 * no other client notices. A client that does not take its replies is not read from.
 */
import type { Socket } from 'node:net';
import { encodeFields } from '../bson/codec.ts';
import { CommandError, errorReply } from '../command-error.ts';
import type { Server } from '../commands/command.ts';
import { execute, isReadCommand } from '../commands/registry.ts';
import { asCommandError } from '../execution/as-command-error.ts';
import { Slice } from '../execution/slice.ts';
import type { CommandSteps, Task } from '../execution/task.ts';
import { FrameReader } from '../wire/frames.ts';
import { ProtocolError } from '../wire/protocol-error.ts';
import { encodeReply } from '../wire/reply.ts';
import { parseRequest, type WireRequest } from '../wire/request.ts';
import type { Log } from './log.ts';

/** Requests of one connection that wait or run. Drivers send one at a time. */
const MAX_PENDING = 64;
/** With more bytes of unsent replies, no more requests are read. */
const MAX_UNSENT_BYTES = 48_000_000;

/** The executor, as a connection uses it. */
export interface CommandQueue {
  submit(task: Task): void;
}

export class Connection {
  readonly #socket: Socket;
  readonly #number: number;
  readonly #server: Server;
  readonly #executor: CommandQueue;
  readonly #log: Log;
  readonly #frames = new FrameReader();
  #pending = 0;
  #replies = 0;
  #closed = false;
  #stopped = false;

  constructor(socket: Socket, number: number, server: Server, executor: CommandQueue, log: Log) {
    this.#socket = socket;
    this.#number = number;
    this.#server = server;
    this.#executor = executor;
    this.#log = log;
    socket.on('data', (bytes: Buffer) => this.#receive(bytes));
    socket.on('drain', () => this.#resumeIfPossible());
    socket.on('error', (error) =>
      log('debug', 'a connection to the embedded database broke', {
        connection: number,
        reason: error.message,
      }),
    );
    socket.on('close', () => this.#onClose());
  }

  /** Requests that were read are still answered. */
  stopReading(): void {
    this.#stopped = true;
    this.#socket.pause();
  }

  /** Sends the replies that are under way, then closes. */
  end(): void {
    this.#socket.destroySoon();
  }

  /** Closes at once. */
  destroy(): void {
    this.#socket.destroy();
  }

  #receive(bytes: Buffer): void {
    try {
      for (const message of this.#frames.read(bytes)) {
        if (this.#closed) return;
        this.#submit(parseRequest(message));
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#log('warn', 'a connection to the embedded database was closed for breaking the protocol', {
        connection: this.#number,
        reason: error.message,
      });
      this.#closed = true;
      this.#socket.destroy();
    }
  }

  #submit(request: WireRequest): void {
    this.#pending += 1;
    if (this.#pending >= MAX_PENDING) this.#socket.pause();
    const slice = new Slice();
    this.#executor.submit({
      steps: steps(this.#server, this.#number, request, slice),
      slice,
      // As in MongoDB, writes run to their end even if their client is gone.
      cancelled: () => this.#closed && isReadCommand(request.command),
      complete: (reply) => this.#reply(request, reply),
      fail: (error) => this.#reply(request, encodeFields(errorReply(this.#describe(error)))),
    });
  }

  #describe(error: unknown): CommandError {
    if (error instanceof CommandError) return error;
    this.#log('error', 'a command of the embedded database failed unexpectedly', {
      connection: this.#number,
      reason: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
    return asCommandError(error);
  }

  #reply(request: WireRequest, body: Uint8Array): void {
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

  #onClose(): void {
    this.#closed = true;
    this.#server.cursors.closeConnection(this.#number);
  }
}

/** Execution starts with the first step, so that the executor sees every error. */
function* steps(server: Server, connection: number, request: WireRequest, slice: Slice): CommandSteps {
  const result = execute(server, connection, request, slice);
  return result instanceof Uint8Array ? result : yield* result;
}
