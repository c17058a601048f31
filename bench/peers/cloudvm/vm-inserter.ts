/**
 * Two ways to store a new VM, the operation that creates it, and the key of its request. In the second,
 * simultaneous inserts become one command, the command that this server sends.
 */
import DataLoader from 'dataloader';
import { type Db, type Document, MongoServerError } from 'mongodb';
import { IDEMPOTENCY_KEYS, type KeyDocument } from '../../../src/cloudvm/idempotency/key-document.ts';
import {
  newOperationDocument,
  OPERATIONS,
  type OperationDocument,
} from '../../../src/cloudvm/operations/repository/operation-document.ts';
import { type NewVmDocument, toVm, VMS } from '../../../src/cloudvm/vms/repository/vm-document.ts';

export interface VmInserter {
  /** @throws MongoServerError if it is known */
  remember(key: KeyDocument): Promise<void>;
  insert(vm: NewVmDocument): Promise<void>;
}

export class SingleVmInserter implements VmInserter {
  readonly #database: Db;

  constructor(database: Db) {
    this.#database = database;
  }

  async remember(key: KeyDocument): Promise<void> {
    await this.#database.collection<KeyDocument>(IDEMPOTENCY_KEYS.name).insertOne(key);
  }

  async insert(vm: NewVmDocument): Promise<void> {
    await this.#database.collection<NewVmDocument>(VMS.name).insertOne(vm);
    await this.#database.collection<OperationDocument>(OPERATIONS.name).insertOne(creationOf(vm));
  }
}

const MAX_BATCH_SIZE = 128;

interface WriteError {
  readonly index: number;
  readonly code: number;
  readonly errmsg: string;
}

export class BatchedVmInserter implements VmInserter {
  readonly #keys: DataLoader<Document, null>;
  readonly #vms: DataLoader<Document, null>;
  readonly #operations: DataLoader<Document, null>;

  constructor(database: Db) {
    this.#keys = inserter(database, IDEMPOTENCY_KEYS.name);
    this.#vms = inserter(database, VMS.name);
    this.#operations = inserter(database, OPERATIONS.name);
  }

  async remember(key: KeyDocument): Promise<void> {
    await this.#keys.load(key);
  }

  async insert(vm: NewVmDocument): Promise<void> {
    await this.#vms.load(vm);
    await this.#operations.load(creationOf(vm));
  }
}

function inserter(database: Db, collection: string): DataLoader<Document, null> {
  const load = async (documents: readonly Document[]): Promise<(Error | null)[]> => {
    const answer = await database.command({ insert: collection, documents, ordered: false });
    const writeErrors: readonly WriteError[] = answer['writeErrors'] ?? [];
    const refused = new Map(writeErrors.map((error) => [error.index, new MongoServerError({ ...error })]));
    return documents.map((_, index) => refused.get(index) ?? null);
  };
  return new DataLoader(load, {
    cache: false,
    maxBatchSize: MAX_BATCH_SIZE,
    batchScheduleFn: (send) => setImmediate(send),
  });
}

/** Under way, as this server stores it. */
function creationOf(vm: NewVmDocument): OperationDocument {
  const operation = newOperationDocument({ id: vm.operationId, kind: 'create', vm: toVm(vm) });
  return { ...operation, status: 'running', attempts: 1, startedAt: new Date() };
}
