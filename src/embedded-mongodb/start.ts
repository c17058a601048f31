/**
 * Starts the embedded database on a thread of its own and stops it again. Called by src/main.ts where no
 * MONGODB_URI names a server, by the command `npm run database`, and by tests.
 */
import { resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { EmbeddedDatabaseError } from './errors.ts';
import type { LogLine } from './log.ts';
import type { FromThread, ThreadOptions, ToThread } from './messages.ts';
import { chooseSocketDirectory } from './socket-directory.ts';

export interface EmbeddedDatabaseOptions {
  /** Where the SQLite file lies; made if it is not there. One server at a time may use it. */
  readonly dataDirectory: string;
  readonly onLog?: ((line: LogLine) => void) | undefined;
  /** How often documents of TTL indexes are looked through; a minute if not given. */
  readonly sweepIntervalMs?: number | undefined;
}

export class EmbeddedDatabase implements AsyncDisposable {
  /** For the official driver: a Unix socket that only this user can reach. */
  readonly uri: string;
  /** Rejects with THREAD_DIED if the thread ends without having been asked to; resolves after `close`. */
  readonly closed: Promise<void>;
  readonly #worker: Worker;

  /** @throws EmbeddedDatabaseError with a code that says what is wrong */
  static async start(options: EmbeddedDatabaseOptions): Promise<EmbeddedDatabase> {
    const dataDirectory = resolve(options.dataDirectory);
    const socketDirectory = chooseSocketDirectory(dataDirectory);
    const leave = (): void => socketDirectory[Symbol.dispose]();
    process.once('exit', leave);
    const workerData: ThreadOptions = {
      dataDirectory,
      socketDirectory: socketDirectory.path,
      sweepIntervalMs: options.sweepIntervalMs,
    };
    const worker = new Worker(threadFile(), { workerData, name: 'embedded-database', execArgv: [] });
    const ended = whenEnded(worker).finally(() => {
      leave();
      process.off('exit', leave);
    });
    worker.on('message', (message: FromThread) => {
      if (message.kind === 'log') options.onLog?.(message.line);
    });
    const uri = await whenReady(worker, ended);
    return new EmbeddedDatabase(worker, uri, ended);
  }

  private constructor(worker: Worker, uri: string, ended: Promise<unknown>) {
    this.#worker = worker;
    this.uri = uri;
    this.closed = ended.then((error) => {
      if (error !== undefined) throw error;
    });
    // Who does not watch the database must not be ended by its end: its clients see it in any case.
    this.closed.catch(() => {});
  }

  /** Finishes open work, writes everything into the database file, and joins the thread. */
  async [Symbol.asyncDispose](): Promise<void> {
    const message: ToThread = { kind: 'close' };
    this.#worker.postMessage(message);
    await this.closed;
  }
}

/** TypeScript in the repository, JavaScript where the project was compiled. */
function threadFile(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? './thread.ts' : './thread.js', import.meta.url);
}

/** Resolves when the thread has ended, with the error that ended it, if any. */
async function whenEnded(worker: Worker): Promise<EmbeddedDatabaseError | undefined> {
  let cause: unknown;
  worker.on('error', (error) => {
    cause = error;
  });
  const { promise, resolve: settle } = Promise.withResolvers<number>();
  worker.once('exit', settle);
  const exitCode = await promise;
  if (exitCode === 0 && cause === undefined) return undefined;
  const reason = cause instanceof Error ? cause.message : `exit code ${exitCode}`;
  return new EmbeddedDatabaseError('THREAD_DIED', `The embedded database's thread ended: ${reason}`, cause);
}

async function whenReady(worker: Worker, ended: Promise<EmbeddedDatabaseError | undefined>): Promise<string> {
  const answer = Promise.withResolvers<string>();
  worker.on('message', (message: FromThread) => {
    if (message.kind === 'ready') answer.resolve(message.uri);
    if (message.kind === 'failed') answer.reject(new EmbeddedDatabaseError(message.code, message.message));
  });
  void ended.then((error) => {
    answer.reject(
      error ?? new EmbeddedDatabaseError('THREAD_DIED', "The embedded database's thread ended at its start"),
    );
  });
  try {
    return await answer.promise;
  } catch (error) {
    await ended;
    throw error;
  }
}

export { EmbeddedDatabaseError };
