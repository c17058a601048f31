/** Stores operations, and reads them for their owner. Called by services and the operation controller. */
import type { Collection, ObjectId } from 'mongodb';
import type { BatchedInserts } from '../../database/batched-inserts.ts';
import { BatchedReads } from '../../database/batched-reads.ts';
import type { DatabaseService } from '../../database/database-service.ts';
import { isDuplicateKey } from '../../database/driver-errors.ts';
import { isObjectId } from '../../database/hexadecimal-id.ts';
import { NEWEST_FIRST, olderThan, pageOf } from '../../database/newest-first.ts';
import { anyOf, requireObjectId } from '../../database/object-id.ts';
import { OPERATION_KINDS, type Operation } from '../operation.ts';
import { OPERATIONS, type OperationDocument, toOperation } from './operation-document.ts';

export interface PageQuery {
  /** 1 to MAX_PAGE_SIZE. */
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export interface OperationPage {
  readonly operations: readonly Operation[];
  readonly total: number;
  readonly nextCursor: string | null;
}

/** Ids in hexadecimal digits, in lower case. */
interface Identity {
  readonly ownerId: string;
  readonly id: string;
}

export class OperationRepository {
  readonly #service: DatabaseService;
  readonly #operations: Collection<OperationDocument>;
  readonly #inserts: BatchedInserts<OperationDocument>;
  readonly #reads: BatchedReads<Identity, OperationDocument>;

  constructor(service: DatabaseService) {
    this.#service = service;
    this.#operations = service.collection<OperationDocument>(OPERATIONS.name);
    this.#inserts = service.batchedInserts<OperationDocument>(OPERATIONS.name);
    this.#reads = new BatchedReads({
      service,
      find: (identities) => this.#findAll(identities),
      keyOf,
      keyOfFound: ({ ownerId, _id }) => keyOf({ ownerId: ownerId.toHexString(), id: _id.toHexString() }),
    });
  }

  /**
   * Does nothing if the operation is stored already.
   * @returns whether it is stored with the holder that the document names. Somebody else may have stored it,
   * because it was late (runner/leftovers.ts)
   */
  async insert(document: OperationDocument): Promise<boolean> {
    const { _id, holder } = document;
    return this.#service.runRepeatable(async (repetition) => {
      try {
        await this.#inserts.insert(document);
        return true;
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
        if (!repetition) return false;
        const mine = await this.#operations.findOne({ _id, holder }, { readPreference: 'primary' });
        return mine !== null;
      }
    });
  }

  /** Of an operation whose reason has gone before anybody took it. */
  async discard(id: ObjectId): Promise<void> {
    await this.#service.runRepeatable(() => this.#operations.deleteOne({ _id: id }));
  }

  /** @returns undefined for a malformed id and for another owner's operation too */
  async find(ownerId: string, id: string): Promise<Operation | undefined> {
    if (!isObjectId(id)) return undefined;
    const found = await this.#reads.read({ ownerId, id: id.toLowerCase() });
    return found === undefined ? undefined : toOperation(found);
  }

  /** Whether there is, or was within the last 90 days, such an operation. Not asked of a replica. */
  async isStored(ownerId: string, id: ObjectId): Promise<boolean> {
    const filter = { _id: id, ownerId: requireObjectId(ownerId) };
    const found = await this.#service.run(() =>
      this.#operations.findOne(filter, { projection: { _id: 1 }, readPreference: 'primary' }),
    );
    return found !== null;
  }

  /** The newest first. The caller has made sure that the VM is the owner's. @throws InvalidCursorError */
  async list(ownerId: string, vmId: string, { limit, cursor }: PageQuery): Promise<OperationPage> {
    const all = {
      vmId: requireObjectId(vmId),
      ownerId: requireObjectId(ownerId),
      kind: { $in: [...OPERATION_KINDS] },
    };
    const filter = { ...all, ...olderThan<OperationDocument>(cursor) };
    const find = () =>
      this.#operations.find(filter, { sort: NEWEST_FIRST, limit: limit + 1, batchSize: limit + 2 }).toArray();
    const count = () => this.#operations.countDocuments(all);
    const [found, total] = await this.#service.run(() => Promise.all([find(), count()]));
    const { shown, nextCursor } = pageOf(found, limit);
    const operations = shown.map(toOperation).filter((operation) => operation !== undefined);
    return { operations, total, nextCursor };
  }

  /** Whether something is still to be done for the owner, at the provider too. */
  async hasUnfinished(ownerId: string): Promise<boolean> {
    const unfinished = { ownerId: requireObjectId(ownerId), dueAt: { $ne: null } };
    const found = await this.#service.run(() =>
      this.#operations.findOne(unfinished, { projection: { _id: 1 }, readPreference: 'primary' }),
    );
    return found !== null;
  }

  /** Forgets the history of an owner who has gone. */
  async forgetOwner(ownerId: string): Promise<void> {
    const finished = { ownerId: requireObjectId(ownerId), dueAt: null };
    await this.#service.runRepeatable(() => this.#operations.deleteMany(finished));
  }

  #findAll(identities: readonly Identity[]): Promise<OperationDocument[]> {
    const limit = identities.length;
    const filter = {
      _id: anyOf(identities.map(({ id }) => id)),
      ownerId: anyOf(identities.map(({ ownerId }) => ownerId)),
    };
    return this.#operations.find(filter, { limit, batchSize: limit + 1 }).toArray();
  }
}

function keyOf({ ownerId, id }: Identity): string {
  return ownerId + id;
}
