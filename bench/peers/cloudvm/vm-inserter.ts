/**
 * Two ways to store a new VM. In the second, simultaneous inserts become one command, the command that this
 * server sends.
 */
import DataLoader from 'dataloader';
import { type Collection, type Db, MongoServerError } from 'mongodb';
import { VMS, type VmDocument } from '../../../src/cloudvm/vms/repository/vm-document.ts';

export interface VmInserter {
  /** @throws MongoServerError for a duplicate key */
  insert(vm: VmDocument): Promise<void>;
}

export class SingleVmInserter implements VmInserter {
  readonly #vms: Collection<VmDocument>;

  constructor(vms: Collection<VmDocument>) {
    this.#vms = vms;
  }

  async insert(vm: VmDocument): Promise<void> {
    await this.#vms.insertOne(vm);
  }
}

const MAX_BATCH_SIZE = 128;

interface WriteError {
  readonly index: number;
  readonly code: number;
  readonly errmsg: string;
}

export class BatchedVmInserter implements VmInserter {
  readonly #loader: DataLoader<VmDocument, null>;

  constructor(database: Db) {
    const load = async (documents: readonly VmDocument[]): Promise<(Error | null)[]> => {
      const answer = await database.command({ insert: VMS.name, documents, ordered: false });
      const writeErrors: readonly WriteError[] = answer['writeErrors'] ?? [];
      const refused = new Map(writeErrors.map((error) => [error.index, new MongoServerError({ ...error })]));
      return documents.map((_, index) => refused.get(index) ?? null);
    };
    this.#loader = new DataLoader(load, {
      cache: false,
      maxBatchSize: MAX_BATCH_SIZE,
      batchScheduleFn: (send) => setImmediate(send),
    });
  }

  async insert(vm: VmDocument): Promise<void> {
    await this.#loader.load(vm);
  }
}
