/**
 * The server: a Unix socket, its connections, the executor and the periodic work. Runs on the database's
 * thread; thread.ts opens and closes it.
 */
import { createServer, type Server as NetServer, type Socket } from 'node:net';
import type { Server } from './commands/command.ts';
import { Cursors } from './cursors.ts';
import { EmbeddedDatabaseError } from './errors.ts';
import { Executor } from './executor.ts';
import { expireDocuments } from './expiry.ts';
import type { Log } from './log.ts';
import { clearSocketDirectory, fits, MAX_SOCKET_PATH_BYTES, socketIn } from './socket-directory.ts';
import { Catalog } from './storage/catalog.ts';
import { SqliteFile } from './storage/sqlite.ts';
import { Connection } from './wire/connection.ts';

/** A connection each for MongoDB's pools of all workers, their monitors, and many to spare. */
const MAX_CONNECTIONS = 1000;
const CLOSE_TIMEOUT_MS = 5_000;
const DEFAULT_SWEEP_INTERVAL_MS = 60_000;

export interface ServerOptions {
  readonly dataDirectory: string;
  /** A directory of its own, closed to other users. */
  readonly socketDirectory: string;
  /** How often expired documents (TTL indexes) and idle cursors are looked for. */
  readonly sweepIntervalMs?: number | undefined;
  readonly log: Log;
}

export class DatabaseServer implements AsyncDisposable, Server {
  readonly file: SqliteFile;
  readonly catalog: Catalog;
  readonly cursors = new Cursors();
  readonly startedAt = Date.now();
  readonly uri: string;
  readonly #log: Log;
  readonly #executor: Executor;
  readonly #listener: NetServer;
  readonly #connections = new Map<Socket, Connection>();
  readonly #sweepTimer: NodeJS.Timeout;
  #connectionsMade = 0;

  /** @throws EmbeddedDatabaseError where the directory is in use or unusable */
  static async open(options: ServerOptions): Promise<DatabaseServer> {
    const path = socketIn(options.socketDirectory);
    if (!fits(path)) {
      throw new EmbeddedDatabaseError(
        'SOCKET_PATH_TOO_LONG',
        `The socket's path ${path} has more than ${MAX_SOCKET_PATH_BYTES} bytes: set TMPDIR to a shorter directory.`,
      );
    }
    const server = new DatabaseServer(options, path);
    try {
      // The constructor has taken the lock.
      clearSocketDirectory(options.socketDirectory);
      await server.#listen(path);
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
    return server;
  }

  private constructor(options: ServerOptions, path: string) {
    this.#log = options.log;
    this.file = new SqliteFile(options.dataDirectory);
    this.catalog = new Catalog(this.file);
    this.#executor = new Executor(this.file, () => this.catalog.reload());
    this.#listener = createServer((socket) => this.#accept(socket));
    this.uri = `mongodb://${encodeURIComponent(path)}/?directConnection=true`;
    this.#sweepTimer = setInterval(() => this.#sweep(), options.sweepIntervalMs ?? DEFAULT_SWEEP_INTERVAL_MS);
  }

  connectionCount(): number {
    return this.#connections.size;
  }

  /** Finishes what was received, then closes connections, file and socket. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#sweepTimer);
    const closed = new Promise<void>((resolve) => {
      if (this.#listener.listening) this.#listener.close(() => resolve());
      else resolve();
    });
    for (const connection of this.#connections.values()) connection.stop();
    // A scan without end or a client that takes no replies must not keep the database open.
    const patience = setTimeout(() => {
      this.#executor.stop();
      for (const connection of this.#connections.values()) connection.destroy();
    }, CLOSE_TIMEOUT_MS);
    await this.#executor.idle();
    for (const connection of this.#connections.values()) connection.end();
    await closed;
    clearTimeout(patience);
    this.file[Symbol.dispose]();
  }

  #listen(path: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#listener.once('error', reject);
    this.#listener.listen(path, () => {
      this.#listener.off('error', reject);
      this.#listener.on('error', (error) =>
        this.#log('error', 'the database cannot accept', { reason: error.message }),
      );
      resolve();
    });
    return promise;
  }

  #accept(socket: Socket): void {
    if (this.#connections.size >= MAX_CONNECTIONS) {
      this.#log('warn', 'a database connection was refused', { limit: MAX_CONNECTIONS });
      socket.destroy();
      return;
    }
    this.#connectionsMade += 1;
    const connection = new Connection(socket, this.#connectionsMade, this, this.#executor, this.#log);
    this.#connections.set(socket, connection);
    socket.on('close', () => this.#connections.delete(socket));
  }

  #sweep(): void {
    this.cursors.closeIdle();
    expireDocuments(this, this.#executor, this.#log);
  }
}
