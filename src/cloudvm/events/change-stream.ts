/**
 * Wakes the poller through a change stream of MongoDB, where the server has them: replica sets and sharded
 * clusters do, a standalone server, FerretDB and the embedded database do not.
 */
import type { ChangeStream, Db } from 'mongodb';

/** After a stream has broken. Until then the poller's interval is enough. */
const RETRY_MS = 5_000;

export interface WatchedDatabase {
  watch(pipeline: object[], options: object): Pick<ChangeStream, 'on' | 'close'>;
  command: Db['command'];
}

export class ChangeStreamWatch implements AsyncDisposable {
  readonly #database: WatchedDatabase;
  readonly #collections: readonly string[];
  readonly #wake: () => void;
  readonly #retryMs: number;
  #stream: Pick<ChangeStream, 'on' | 'close'> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(
    database: WatchedDatabase,
    collections: readonly string[],
    wake: () => void,
    retryMs: number = RETRY_MS,
  ) {
    this.#database = database;
    this.#collections = collections;
    this.#wake = wake;
    this.#retryMs = retryMs;
    void this.#open();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#stream?.close().catch(() => {});
  }

  async #open(): Promise<void> {
    if (!(await this.#hasChangeStreams()) || this.#isClosed) return;
    const ofOurs = [{ $match: { 'ns.coll': { $in: [...this.#collections] } } }, { $project: { _id: 1 } }];
    const stream = this.#database.watch(ofOurs, {});
    this.#stream = stream;
    stream.on('change', this.#wake);
    stream.on('error', () => {
      void stream.close().catch(() => {});
      if (this.#isClosed) return;
      this.#timer = setTimeout(() => void this.#open(), this.#retryMs).unref();
    });
  }

  /** Members of a replica set name it, and routers of a sharded cluster call themselves so. */
  async #hasChangeStreams(): Promise<boolean> {
    try {
      const hello = await this.#database.command({ hello: 1 });
      return typeof hello['setName'] === 'string' || hello['msg'] === 'isdbgrid';
    } catch {
      return false;
    }
  }
}
