/** Which reads travel together, and what each of them gets. The queries are answered by the tests. */
import { expect, test } from 'vitest';
import { BatchedReads, MAX_BATCH_SIZE } from '../../../src/cloudvm/database/batched-reads.ts';
import { DatabaseService } from '../../../src/cloudvm/database/database-service.ts';

interface Identity {
  readonly id: number;
  readonly owner: string;
}

interface Note extends Identity {
  readonly text: string;
}

interface Query {
  readonly identities: readonly Identity[];
  answer(notes: readonly Note[]): void;
  fail(error: unknown): void;
}

const keyOf = ({ id, owner }: Identity) => `${owner} ${id}`;

const ADA = 'ada';
const GRACE = 'grace';

/** The reads of a service that never connects, because its queries end up here. */
class Notes implements AsyncDisposable {
  readonly queries: Query[] = [];
  readonly service: DatabaseService;
  readonly #reads: BatchedReads<Identity, Note>;

  constructor(maxWaiting = 10_000) {
    this.service = new DatabaseService({
      uri: 'mongodb://127.0.0.1:1',
      databaseName: 'cloudvm_test',
      workers: 1,
      totalConnections: 2,
      maxWaiting,
    });
    this.#reads = new BatchedReads<Identity, Note>({
      service: this.service,
      find: (identities) => {
        const { promise, resolve, reject } = Promise.withResolvers<readonly Note[]>();
        this.queries.push({ identities, answer: resolve, fail: reject });
        return promise;
      },
      keyOf,
      keyOfFound: keyOf,
    });
  }

  read(id: number, owner = ADA): Promise<Note | undefined> {
    return this.#reads.read({ id, owner });
  }

  query(index: number): Query {
    const query = this.queries[index];
    if (query === undefined) throw new Error(`query ${index} was not sent`);
    return query;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.service.close();
  }
}

const note = (id: number, owner = ADA): Note => ({ id, owner, text: `note ${id} of ${owner}` });
/** Microtasks run in order, so after this one those that were queued before have run. */
const endOfTurn = () => Promise.resolve();

test('reads of one turn of the event loop are sent as one query, and each gets its own document', async () => {
  await using notes = new Notes();
  const reads = [notes.read(1), notes.read(2), notes.read(3)];
  expect(notes.queries, 'still collecting').toHaveLength(0);
  await endOfTurn();
  expect(notes.queries).toHaveLength(1);
  expect(notes.query(0).identities.map(({ id }) => id)).toEqual([1, 2, 3]);
  notes.query(0).answer([note(3), note(1)]);
  expect(await Promise.all(reads)).toEqual([note(1), undefined, note(3)]);
});

test('a read without company is sent before anything else of the event loop runs', async () => {
  await using notes = new Notes();
  const order: string[] = [];
  setImmediate(() => order.push('event loop'));
  process.nextTick(() => order.push('next tick'));
  const read = notes.read(1);
  await endOfTurn();
  expect(notes.queries).toHaveLength(1);
  expect(order).toEqual([]);
  notes.query(0).answer([note(1)]);
  expect(await read).toEqual(note(1));
});

test('a read never joins a query that was sent, so it sees what was written in between', async () => {
  await using notes = new Notes();
  const before = notes.read(1);
  await endOfTurn();
  const after = notes.read(1);
  await endOfTurn();
  expect(notes.queries).toHaveLength(2);
  notes.query(1).answer([{ ...note(1), text: 'new' }]);
  expect(await after).toMatchObject({ text: 'new' });
  notes.query(0).answer([{ ...note(1), text: 'old' }]);
  expect(await before).toMatchObject({ text: 'old' });
});

test('equal reads of one turn ask for the document once', async () => {
  await using notes = new Notes();
  const reads = [notes.read(1), notes.read(1), notes.read(2), notes.read(1)];
  await endOfTurn();
  expect(notes.query(0).identities.map(({ id }) => id)).toEqual([1, 2]);
  notes.query(0).answer([note(1), note(2)]);
  expect(await Promise.all(reads)).toEqual([note(1), note(1), note(2), note(1)]);
});

test('a read does not get the document of another owner who asks for it in the same query', async () => {
  await using notes = new Notes();
  const [own, foreign, unknown] = [notes.read(1, ADA), notes.read(1, GRACE), notes.read(2, GRACE)];
  await endOfTurn();
  expect(notes.queries).toHaveLength(1);
  notes.query(0).answer([note(1, ADA), note(2, ADA)]);
  expect(await own).toEqual(note(1, ADA));
  expect(await foreign).toBeUndefined();
  expect(await unknown, 'whatever the query returns').toBeUndefined();
});

test('a query asks for a bounded number of documents, and the next query for the rest', async () => {
  await using notes = new Notes();
  const ids = Array.from({ length: 2 * MAX_BATCH_SIZE + 1 }, (_, id) => id);
  const reads = ids.map((id) => notes.read(id));
  await endOfTurn();
  expect(notes.queries.map(({ identities }) => identities.length)).toEqual([
    MAX_BATCH_SIZE,
    MAX_BATCH_SIZE,
    1,
  ]);
  for (const { identities, answer } of notes.queries) answer(identities.map(({ id }) => note(id)));
  expect(await Promise.all(reads)).toEqual(ids.map((id) => note(id)));
});

test('each read counts against the bound on operations, and only those beyond it are refused', async () => {
  await using notes = new Notes(3);
  const accepted = [1, 2, 3, 4, 5].map((id) => notes.read(id));
  await expect(notes.read(6)).rejects.toMatchObject({ code: 'DATABASE_BUSY' });
  expect(notes.service.inFlight).toBe(5);
  expect(notes.query(0).identities.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5]);
  notes.query(0).answer([1, 2, 3, 4, 5].map((id) => note(id)));
  expect(await Promise.all(accepted)).toHaveLength(5);
  expect(notes.service.inFlight).toBe(0);
});

test('a query that fails fails each of its reads with an error of its own, and no other read', async () => {
  await using notes = new Notes();
  const failing = Promise.allSettled([notes.read(1), notes.read(2)]);
  await endOfTurn();
  const other = notes.read(3);
  await endOfTurn();
  const cause = new Error('a defect');
  notes.query(0).fail(cause);
  notes.query(1).answer([note(3)]);
  const [first, second] = (await failing).map((outcome) =>
    outcome.status === 'rejected' ? outcome.reason : undefined,
  );
  expect(first).toMatchObject({ cause });
  expect(second).toMatchObject({ cause });
  expect(first).not.toBe(second);
  expect(await other).toEqual(note(3));
});

test('a service that is closed refuses reads', async () => {
  await using notes = new Notes();
  await notes.service.close();
  await expect(notes.read(1)).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE' });
  expect(notes.queries).toHaveLength(0);
});

test('a service that closes waits for the reads that were begun', async () => {
  await using notes = new Notes();
  const read = notes.read(1);
  const closed = notes.service.close();
  await endOfTurn();
  notes.query(0).answer([note(1)]);
  expect(await read).toEqual(note(1));
  await closed;
});
