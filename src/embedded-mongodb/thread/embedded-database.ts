/**
 * Starts the embedded database on a thread of its own and stops it again. Called by the CloudVM application
 * if no MONGODB_URI names a server, by the command `npm run database`, and by tests.
 */
import { resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { EmbeddedDatabaseError } from '../embedded-database-error.ts';
import type { LogLine } from '../server/log.ts';
import { chooseSocketDirectory } from '../server/socket-directory.ts';
import type { FromThread, ThreadOptions, ToThread } from './messages.ts';

const ENTRY = new URL('./thread.ts', import.meta.url);

export interface EmbeddedDatabaseOptions {
  /** Holds the SQLite file. Created if it does not exist. Only one embedded database at a time may use it. */
  readonly dataDirectory: string;
  readonly onLog?: ((line: LogLine) => void) | undefined;
  /** How often documents of TTL indexes are checked. A minute by default. */
  readonly sweepIntervalMs?: number | undefined;
  /** How long closing waits for running commands and for clients to take their replies. 5 s by default. */
  readonly closeTimeoutMs?: number | undefined;
}

export class EmbeddedDatabase implements AsyncDisposable {
  /** For the official driver. It names a Unix socket that only this user can reach. */
  readonly uri: string;
  /** Resolves when the database has closed. Rejects with THREAD_DIED if its thread ended by itself. */
  readonly closed: Promise<void>;
  readonly #worker: Worker;

  /** @throws EmbeddedDatabaseError with a code that says what is wrong */
  static async start(options: EmbeddedDatabaseOptions): Promise<EmbeddedDatabase> {
    const dataDirectory = resolve(options.dataDirectory);
    const socketDirectory = chooseSocketDirectory(dataDirectory);
    const removeSocketDirectory = (): void => socketDirectory[Symbol.dispose]();
    process.once('exit', removeSocketDirectory);
    const workerData: ThreadOptions = {
      dataDirectory,
      socketDirectory: socketDirectory.path,
      sweepIntervalMs: options.sweepIntervalMs,
      closeTimeoutMs: options.closeTimeoutMs,
    };
    const worker = new Worker(ENTRY, { workerData, name: 'embedded-database', execArgv: [] });
    const ended = whenEnded(worker, dataDirectory).finally(() => {
      removeSocketDirectory();
      process.off('exit', removeSocketDirectory);
    });
    worker.on('message', (message: FromThread) => {
      if (message.kind === 'log') options.onLog?.(message.line);
    });
    const uri = await whenReady(worker, ended, dataDirectory);
    return new EmbeddedDatabase(worker, uri, ended);
  }

  private constructor(worker: Worker, uri: string, ended: Promise<EmbeddedDatabaseError | undefined>) {
    this.#worker = worker;
    this.uri = uri;
    this.closed = ended.then((error) => {
      if (error !== undefined) throw error;
    });
    // A process that does not watch `closed` must not crash with the database. Its clients notice in any
    // case.
    this.closed.catch(() => {});
  }

  /**
   * Finishes the commands that were received, writes everything into the database file, and joins the thread.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    const message: ToThread = { kind: 'close' };
    this.#worker.postMessage(message);
    await this.closed;
  }
}

/** Resolves when the thread has ended, with the error that ended it, if any. */
async function whenEnded(worker: Worker, dataDirectory: string): Promise<EmbeddedDatabaseError | undefined> {
  let cause: unknown;
  worker.on('error', (error) => {
    cause = error;
  });
  const { promise, resolve: settle } = Promise.withResolvers<number>();
  worker.once('exit', settle);
  const exitCode = await promise;
  if (exitCode === 0 && cause === undefined) return undefined;
  const reason = cause instanceof Error ? cause.message : `exit code ${exitCode}`;
  return threadDied(dataDirectory, reason, cause);
}

async function whenReady(
  worker: Worker,
  ended: Promise<EmbeddedDatabaseError | undefined>,
  dataDirectory: string,
): Promise<string> {
  const answer = Promise.withResolvers<string>();
  worker.on('message', (message: FromThread) => {
    if (message.kind === 'ready') answer.resolve(message.uri);
    if (message.kind === 'failed') answer.reject(new EmbeddedDatabaseError(message.code, message.message));
  });
  void ended.then((error) => answer.reject(error ?? threadDied(dataDirectory, 'it did not start')));
  try {
    return await answer.promise;
  } catch (error) {
    await ended;
    throw error;
  }
}

function threadDied(dataDirectory: string, reason: string, cause?: unknown): EmbeddedDatabaseError {
  const message = `The thread of the embedded database in ${dataDirectory} ended unexpectedly: ${reason}`;
  return new EmbeddedDatabaseError('THREAD_DIED', message, cause);
}
