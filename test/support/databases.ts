/**
 * Runs one suite of data-access tests against every database that the application supports: the embedded one
 * always, a MongoDB server if MONGODB_TEST_URI names one, FerretDB 1.24 if Go can build it. A database
 * that is not available shows up as a skipped test with the reason. FerretDB is slow, so what
 * is above the data access is tested on the others only.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { DatabaseService } from '../../src/cloudvm/database/database-service.ts';
import { prepareServices } from '../../src/cloudvm/services.ts';
import { buildFerretDb } from './ferretdb/build.ts';
import { startFerretDb } from './ferretdb/start.ts';

export interface DatabaseServer extends AsyncDisposable {
  readonly uri: string;
}

/** The arguments of a suite. They are usable once its tests run. */
export interface DatabaseUnderTest {
  readonly uri: string;
  /** Prepared, in a database of its own that is dropped at the end. */
  readonly service: DatabaseService;
  /**
   * Whether the server decides a conditional write atomically. FerretDB 1.24 reads first and writes later.
   */
  readonly atomic: boolean;
}

interface DatabaseKind {
  readonly name: string;
  readonly atomic: boolean;
  /** @returns why this database is not there, or the way to start it */
  locate(): Promise<string | (() => Promise<DatabaseServer>)>;
}

const START_TIMEOUT_MS = 15 * 60_000;

const KINDS: readonly DatabaseKind[] = [
  {
    name: 'the embedded database',
    atomic: true,
    locate: async () => startEmbeddedDatabase,
  },
  {
    name: 'MongoDB',
    atomic: true,
    locate: async () => {
      const { MONGODB_TEST_URI: uri } = process.env;
      if (uri === undefined || uri === '') return 'MONGODB_TEST_URI names no MongoDB server';
      return async () => ({ uri, [Symbol.asyncDispose]: async () => {} });
    },
  },
  {
    name: 'FerretDB 1.24',
    atomic: false,
    locate: async () => {
      const build = await buildFerretDb();
      return 'unavailable' in build ? build.unavailable : () => startFerretDb(build.program);
    },
  },
];

export async function startEmbeddedDatabase(): Promise<DatabaseServer> {
  const { EmbeddedDatabase } = await import('../../src/embedded-mongodb/index.ts');
  const directory = await mkdtemp(join(tmpdir(), 'cloudvm-test-'));
  const database = await EmbeddedDatabase.start({ dataDirectory: directory });
  return {
    uri: database.uri,
    [Symbol.asyncDispose]: async () => {
      await database[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export function describeOnEveryDatabase(title: string, suite: (database: DatabaseUnderTest) => void): void {
  for (const kind of KINDS) describe(`${title}, on ${kind.name}`, () => describeOn(kind, suite));
}

/** For suites that rely on atomic writes, or that write too often for a slow database. */
export function describeOnAtomicDatabases(title: string, suite: (database: DatabaseUnderTest) => void): void {
  const atomic = KINDS.filter((kind) => kind.atomic);
  for (const kind of atomic) describe(`${title}, on ${kind.name}`, () => describeOn(kind, suite));
}

function describeOn(kind: DatabaseKind, suite: (database: DatabaseUnderTest) => void): void {
  const resources = new AsyncDisposableStack();
  let running: { uri: string; service: DatabaseService } | undefined;
  let missing: string | undefined;

  beforeAll(async () => {
    const found = await kind.locate();
    if (typeof found === 'string') {
      missing = found;
      return;
    }
    const { uri } = resources.use(await found());
    const databaseName = `cloudvm_test_${randomBytes(6).toString('hex')}`;
    resources.defer(() => dropDatabase(uri, databaseName));
    const service = resources.use(await DatabaseService.open({ uri, databaseName, workers: 8 }));
    await prepareServices(service);
    running = { uri, service };
  }, START_TIMEOUT_MS);

  afterAll(() => resources.disposeAsync());

  test.beforeEach((context) => {
    if (missing !== undefined) context.skip(missing);
  });

  const current = () => {
    if (running === undefined) throw new Error(`${kind.name} is not running yet`);
    return running;
  };
  suite({
    get uri() {
      return current().uri;
    },
    get service() {
      return current().service;
    },
    atomic: kind.atomic,
  });
}

async function dropDatabase(uri: string, name: string): Promise<void> {
  await using client = new MongoClient(uri);
  await client.db(name).dropDatabase();
}
