/**
 * The server: a Unix socket, its connections, the executor and the periodic work. Runs on the database's
 * thread. thread/thread.ts opens and closes it.
 */
import { createServer, type Server as NetServer, type Socket } from 'node:net';
import type { Server } from '../commands/command.ts';
import { Cursors } from '../commands/read/cursors.ts';
import { EmbeddedDatabaseError } from '../embedded-database-error.ts';
import { Executor } from '../execution/executor.ts';
import { Catalog } from '../storage/catalog.ts';
import { MAX_CHECKED_BYTES } from '../storage/file-check.ts';
import { SqliteFile, unusableFile } from '../storage/sqlite-file.ts';
import { Connection } from './connection.ts';
import { expireDocuments } from './expiry.ts';
import type { Log } from './log.ts';
import { fits, MAX_SOCKET_PATH_BYTES, prepareSocketDirectory, socketIn } from './socket-directory.ts';

/** Enough for the pools and monitors of many workers. */
const MAX_CONNECTIONS = 1000;
const DEFAULT_CLOSE_TIMEOUT_MS = 5_000;
const DEFAULT_SWEEP_INTERVAL_MS = 60_000;

export interface ServerOptions {
  readonly dataDirectory: string;
  /** For the socket alone, closed to other users. */
  readonly socketDirectory: string;
  /** How often expired documents (TTL indexes) and idle cursors are removed. */
  readonly sweepIntervalMs?: number | undefined;
  /** How long closing waits for commands to end and for clients to take their replies. */
  readonly closeTimeoutMs?: number | undefined;
  readonly log: Log;
}

export class DatabaseServer implements AsyncDisposable, Server {
  readonly file: SqliteFile;
  readonly catalog: Catalog;
  readonly cursors = new Cursors();
  readonly startedAt = Date.now();
  readonly uri: string;
  readonly #socketPath: string;
  readonly #closeTimeoutMs: number;
  readonly #log: Log;
  readonly #executor: Executor;
  readonly #listener: NetServer;
  readonly #connections = new Map<Socket, Connection>();
  readonly #sweepTimer: NodeJS.Timeout;
  #connectionsMade = 0;

  /** @throws EmbeddedDatabaseError if the data directory is in use or unusable, or the socket is */
  static async open(options: ServerOptions): Promise<DatabaseServer> {
    const socketPath = socketIn(options.socketDirectory);
    assertFits(socketPath);
    using opening = new DisposableStack();
    const file = opening.use(new SqliteFile(options.dataDirectory));
    if (!file.isChecked) {
      const message = 'the database file is too large to be checked for damage at the start';
      options.log('warn', message, { file: file.path, limit: MAX_CHECKED_BYTES });
    }
    const server = new DatabaseServer(options, socketPath, file, readCatalog(file));
    opening.move();
    try {
      // The lock of the file is held by now.
      prepareSocketDirectory(options.socketDirectory);
      await server.#listen();
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw unusableSocket(socketPath, error);
    }
    return server;
  }

  private constructor(options: ServerOptions, socketPath: string, file: SqliteFile, catalog: Catalog) {
    this.file = file;
    this.catalog = catalog;
    this.uri = `mongodb://${encodeURIComponent(socketPath)}/?directConnection=true`;
    this.#socketPath = socketPath;
    this.#closeTimeoutMs = options.closeTimeoutMs ?? DEFAULT_CLOSE_TIMEOUT_MS;
    this.#log = options.log;
    this.#executor = new Executor(file, () => catalog.reload());
    this.#listener = createServer((socket) => this.#accept(socket));
    this.#sweepTimer = setInterval(() => this.#sweep(), options.sweepIntervalMs ?? DEFAULT_SWEEP_INTERVAL_MS);
  }

  connectionCount(): number {
    return this.#connections.size;
  }

  /** Finishes the commands that were received, then closes the connections, the socket and the file. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#sweepTimer);
    const closed = new Promise<void>((resolve) => {
      if (this.#listener.listening) this.#listener.close(() => resolve());
      else resolve();
    });
    for (const connection of this.#connections.values()) connection.stopReading();
    // Neither a scan without end nor a client that takes no replies may keep the database open.
    const patience = setTimeout(() => {
      this.#executor.stop();
      for (const connection of this.#connections.values()) connection.destroy();
    }, this.#closeTimeoutMs);
    await this.#executor.idle();
    for (const connection of this.#connections.values()) connection.end();
    await closed;
    clearTimeout(patience);
    this.file[Symbol.dispose]();
  }

  #listen(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#listener.once('error', reject);
    this.#listener.listen(this.#socketPath, () => {
      this.#listener.off('error', reject);
      this.#listener.on('error', (error) =>
        this.#log('error', 'the embedded database cannot accept connections', {
          socket: this.#socketPath,
          reason: error.message,
        }),
      );
      resolve();
    });
    return promise;
  }

  #accept(socket: Socket): void {
    if (this.#connections.size >= MAX_CONNECTIONS) {
      this.#log('warn', 'the embedded database refused a connection because it has too many', {
        socket: this.#socketPath,
        limit: MAX_CONNECTIONS,
      });
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

function readCatalog(file: SqliteFile): Catalog {
  try {
    return new Catalog(file);
  } catch (error) {
    throw unusableFile(file.path, error);
  }
}

function assertFits(socketPath: string): void {
  if (fits(socketPath)) return;
  throw new EmbeddedDatabaseError(
    'SOCKET_PATH_TOO_LONG',
    `The path of the socket, ${socketPath}, is longer than ${MAX_SOCKET_PATH_BYTES} bytes. ` +
      'Set TMPDIR to a directory with a shorter path.',
  );
}

function unusableSocket(socketPath: string, error: unknown): EmbeddedDatabaseError {
  const reason = error instanceof Error ? error.message : String(error);
  return new EmbeddedDatabaseError(
    'SOCKET_UNUSABLE',
    `The embedded database cannot listen on the socket ${socketPath}: ${reason}`,
    error,
  );
}
