/**
 * DatabaseService is a thread's one way to the database: the official driver's client with its share of the
 * process's connections, a bound on what waits for them, and errors with stable codes. A worker opens it in
 * the application's `start()` and closes it in `stop()`. Repositories are made from it.
 */
import { type Collection, type Db, type Document, MongoClient, type MongoClientOptions } from 'mongodb';
import { timed } from '../../runtime/application.ts';
import { BatchedInserts } from './batched-inserts.ts';
import { hostsOf, problemInWords } from './connection-string.ts';
import {
  DatabaseBusyError,
  DatabaseConfigurationError,
  DatabaseUnreachableError,
} from './database-errors.ts';
import { type DatabaseMeters, watchPool } from './database-meters.ts';
import { DATABASE_NAME_RULE, isDatabaseName } from './database-name.ts';
import { isOutcomeUnknown, translateDriverError } from './driver-errors.ts';
import { OperationDeadlines } from './operation-deadlines.ts';
import { StoredReads } from './stored-reads.ts';

/** In the whole process. Each worker gets an equal share, because a driver's pool cannot cross threads. */
export const TOTAL_CONNECTIONS = 64;
/** With a single connection, a slow operation would hold up the next one. */
const MINIMUM_POOL_SIZE = 2;
/** Operations of one worker that may wait for a connection: as many as it has requests in flight. */
const MAX_WAITING = 64;

const SERVER_SELECTION_TIMEOUT_MS = 3_000;
const WAIT_QUEUE_TIMEOUT_MS = 3_000;
const CONNECT_TIMEOUT_MS = 3_000;
const SOCKET_TIMEOUT_MS = 20_000;
/** Between the socket's timeout and the 30 s that a handler has, so that the client learns the reason. */
const OPERATION_TIMEOUT_MS = 25_000;
const CLOSE_TIMEOUT_MS = 5_000;

export interface DatabaseServiceOptions {
  /** A MongoDB connection string. Options in it (`?maxPoolSize=…`) win over our defaults. */
  readonly uri: string;
  readonly databaseName: string;
  /** Workers that open a service of their own, each with an equal share of the connections. */
  readonly workers: number;
  /** Where operations and connections are counted. */
  readonly meters?: DatabaseMeters;
  readonly totalConnections?: number;
  readonly maxWaiting?: number;
  readonly waitQueueTimeoutMs?: number;
  readonly serverSelectionTimeoutMs?: number;
  readonly operationTimeoutMs?: number;
  readonly closeTimeoutMs?: number;
}

export class DatabaseService implements AsyncDisposable {
  readonly #client: MongoClient;
  readonly #database: Db;
  /** The hosts, for messages. */
  readonly #where: string;
  readonly #maxInFlight: number;
  readonly #deadlines: OperationDeadlines;
  readonly #closeTimeoutMs: number;
  readonly #meters: DatabaseMeters | undefined;
  #inFlight = 0;
  #closing: Promise<void> | undefined;
  #idle: (() => void) | undefined;

  /**
   * Connects and pings the server, so that a service is returned only if the server answers.
   * @throws DatabaseConfigurationError, DatabaseUnreachableError
   */
  static async open(options: DatabaseServiceOptions): Promise<DatabaseService> {
    const service = new DatabaseService(options);
    try {
      await service.ping();
      return service;
    } catch (error) {
      await service.close();
      throw error;
    }
  }

  /** Connects with the first operation. @throws DatabaseConfigurationError */
  constructor(options: DatabaseServiceOptions) {
    const poolSize = poolSizePerWorker(options.workers, options.totalConnections);
    if (!isDatabaseName(options.databaseName)) {
      throw new DatabaseConfigurationError(`a database name has ${DATABASE_NAME_RULE}`);
    }
    try {
      this.#client = new MongoClient(options.uri, clientOptions(options, poolSize));
      this.#database = this.#client.db(options.databaseName);
    } catch (error) {
      const reason = problemInWords(error, options.uri);
      // Without the driver's error as its cause, which may repeat the password.
      throw new DatabaseConfigurationError(`the database settings cannot be used: ${reason}`);
    }
    this.#meters = options.meters;
    if (options.meters !== undefined) watchPool(this.#client, options.meters);
    this.#where = hostsOf(options.uri);
    this.#closeTimeoutMs = options.closeTimeoutMs ?? CLOSE_TIMEOUT_MS;
    this.#deadlines = new OperationDeadlines(
      options.operationTimeoutMs ?? OPERATION_TIMEOUT_MS,
      () =>
        new DatabaseUnreachableError(`the database at ${this.#where} cannot be reached: no answer in time`),
    );
    this.#maxInFlight = this.#client.options.maxPoolSize + (options.maxWaiting ?? MAX_WAITING);
  }

  /** The location of the database for people and logs: hosts and name, never credentials. */
  get description(): string {
    return `${this.#where}/${this.databaseName}`;
  }

  get databaseName(): string {
    return this.#database.databaseName;
  }

  /** Operations under way, those that wait for a connection included. */
  get inFlight(): number {
    return this.#inFlight;
  }

  get maxPoolSize(): number {
    return this.#client.options.maxPoolSize;
  }

  /**
   * A collection of the driver. Its operations run inside `run` or `runRepeatable`, which bound and
   * translate.
   */
  collection<Schema extends Document>(name: string): Collection<Schema> {
    return this.#database.collection<Schema>(name);
  }

  /** For a change stream, which is no operation and has no end. */
  get watchable(): Pick<Db, 'watch' | 'command'> {
    return this.#database;
  }

  /** Inserts that travel together. They run inside `runRepeatable`. */
  batchedInserts<Schema extends Document>(name: string): BatchedInserts<Schema> {
    return new BatchedInserts(this.#database, name);
  }

  /** Reads that leave documents as they are stored. They run inside `run`. */
  storedReads<Schema extends Document>(name: string): StoredReads<Schema> {
    return new StoredReads(this.#database, name, this.#client.options.retryReads);
  }

  /**
   * Runs one operation that we must not repeat. The driver itself repeats reads, and writes if the server
   * can recognise a repetition, as replica sets and sharded clusters do.
   * @throws DatabaseBusyError at once when too many operations wait, DatabaseUnreachableError
   */
  run<Result>(operation: () => Promise<Result>): Promise<Result> {
    if (this.#inFlight < this.#maxInFlight) return this.#track(operation);
    this.#meters?.refused.add();
    const message = `${this.#inFlight} database operations are already under way`;
    return Promise.reject(new DatabaseBusyError(message));
  }

  /**
   * Like `run`, for an operation that may run twice: a write that is keyed by its own _id or conditional on
   * what it changes. It runs once more when a broken connection left its outcome unknown.
   */
  async runRepeatable<Result>(operation: (repetition: boolean) => Promise<Result>): Promise<Result> {
    return this.run(async () => {
      try {
        return await operation(false);
      } catch (error) {
        if (!isOutcomeUnknown(error) || this.#closing !== undefined) throw error;
        return await operation(true);
      }
    });
  }

  /**
   * Asks the server for a sign of life. The bound does not apply, so readiness tells busy from unreachable.
   */
  async ping(): Promise<void> {
    await this.#track(() => this.#database.command({ ping: 1 }));
  }

  /** Takes no more operations, waits a bounded time for those under way, then closes every connection. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #track<Result>(operation: () => Promise<Result>): Promise<Result> {
    if (this.#closing !== undefined) throw new DatabaseUnreachableError('the database service is closed');
    this.#inFlight += 1;
    this.#meters?.inFlight.set(this.#inFlight);
    try {
      const result = await timed('database', () => this.#deadlines.limit(operation()));
      this.#meters?.succeeded.add();
      return result;
    } catch (error) {
      this.#meters?.failed.add();
      throw translateDriverError(error, this.#where);
    } finally {
      this.#inFlight -= 1;
      this.#meters?.inFlight.set(this.#inFlight);
      if (this.#inFlight === 0) this.#idle?.();
    }
  }

  async #close(): Promise<void> {
    if (this.#inFlight > 0) await this.#inTime(new Promise<void>((resolve) => (this.#idle = resolve)));
    // The driver says goodbye to the server, which may not answer. The connections are closed all the same.
    await this.#inTime(this.#client.close());
  }

  /** Waits no longer than `closeTimeoutMs`. */
  async #inTime(work: Promise<void>): Promise<void> {
    const { promise: timeout, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, this.#closeTimeoutMs);
    try {
      await Promise.race([work, timeout]);
    } finally {
      clearTimeout(timer);
    }
  }
}

export function poolSizePerWorker(workers: number, totalConnections: number = TOTAL_CONNECTIONS): number {
  if (!Number.isInteger(workers) || workers < 1) {
    throw new DatabaseConfigurationError('the number of workers must be a whole number from 1');
  }
  return Math.max(MINIMUM_POOL_SIZE, Math.floor(totalConnections / workers));
}

function clientOptions(options: DatabaseServiceOptions, maxPoolSize: number): MongoClientOptions {
  const defaults: MongoClientOptions = {
    appName: 'cloudvm',
    maxPoolSize,
    waitQueueTimeoutMS: options.waitQueueTimeoutMs ?? WAIT_QUEUE_TIMEOUT_MS,
    serverSelectionTimeoutMS: options.serverSelectionTimeoutMs ?? SERVER_SELECTION_TIMEOUT_MS,
    connectTimeoutMS: CONNECT_TIMEOUT_MS,
    socketTimeoutMS: SOCKET_TIMEOUT_MS,
  };
  const chosen = optionNamesOf(options.uri);
  // The driver would prefer these to the connection string. Here the connection string has precedence.
  return Object.fromEntries(Object.entries(defaults).filter(([name]) => !chosen.has(name.toLowerCase())));
}

/** In lower case, because the case of option names makes no difference. */
function optionNamesOf(uri: string): ReadonlySet<string> {
  const query = uri.slice(uri.indexOf('?') + 1 || uri.length);
  return new Set([...new URLSearchParams(query).keys()].map((name) => name.toLowerCase()));
}
