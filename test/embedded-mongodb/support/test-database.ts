/**
 * What the tests of the embedded database share: a database in a new directory with a client. Both end with
 * the scope that holds them.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Collection,
  type Db,
  type Document,
  MongoClient,
  type MongoClientOptions,
  MongoServerError,
} from 'mongodb';
import {
  EmbeddedDatabase,
  type EmbeddedDatabaseOptions,
} from '../../../src/embedded-mongodb/thread/embedded-database.ts';

/** A directory that is removed at the end of its scope. */
export class TemporaryDirectory implements AsyncDisposable {
  readonly path: string;

  static async create(): Promise<TemporaryDirectory> {
    return new TemporaryDirectory(await mkdtemp(join(tmpdir(), 'embedded-test-')));
  }

  private constructor(path: string) {
    this.path = path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}

/** A database, a client and an empty collection. */
export class TestDatabase implements AsyncDisposable {
  readonly uri: string;
  readonly client: MongoClient;
  readonly db: Db;
  readonly #resources: AsyncDisposableStack;

  static async start(options: Partial<EmbeddedDatabaseOptions> = {}): Promise<TestDatabase> {
    await using resources = new AsyncDisposableStack();
    const directory = resources.use(await TemporaryDirectory.create());
    const database = resources.use(
      await EmbeddedDatabase.start({ dataDirectory: join(directory.path, 'data'), ...options }),
    );
    const client = connect(database.uri);
    resources.defer(() => client.close());
    return new TestDatabase(database.uri, client, resources.move());
  }

  private constructor(uri: string, client: MongoClient, resources: AsyncDisposableStack) {
    this.uri = uri;
    this.client = client;
    this.db = client.db('test');
    this.#resources = resources;
  }

  /** A collection that no other test uses. */
  collection(): Collection<Document> {
    collections += 1;
    return this.db.collection(`things${collections}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}

let collections = 0;

export function connect(uri: string, options: MongoClientOptions = {}): MongoClient {
  return new MongoClient(uri, { serverSelectionTimeoutMS: 5_000, maxPoolSize: 8, ...options });
}

/** Starts a database on the directory and closes it again, with a client in between. */
export async function withThings(
  dataDirectory: string,
  use: (things: Collection, database: EmbeddedDatabase) => Promise<void>,
): Promise<void> {
  await using database = await EmbeddedDatabase.start({ dataDirectory });
  const client = connect(database.uri);
  try {
    await use(client.db('test').collection('things'), database);
  } finally {
    await client.close();
  }
}

/** The error with which the server refused the work. */
export async function refusal(work: Promise<unknown>): Promise<MongoServerError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof MongoServerError) return error;
    throw error;
  }
  throw new Error('the server should have refused this');
}
