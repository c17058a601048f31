/**
 * Stores snapshots. Every filter begins with the owner or a VM of the owner. Called by the snapshot service.
 */
import type { Collection, FindOptions, ObjectId } from 'mongodb';
import type { DatabaseService } from '../../database/database-service.ts';
import { isDuplicateKey } from '../../database/driver-errors.ts';
import { NEWEST_FIRST, olderThan, pageOf } from '../../database/newest-first.ts';
import { parseObjectId, requireObjectId } from '../../database/object-id.ts';
import type { PageQuery } from '../../operations/repository/operation-repository.ts';
import type { Snapshot } from '../snapshot.ts';
import { SNAPSHOTS, type SnapshotDocument, toSnapshot } from './snapshot-document.ts';

export interface SnapshotPage {
  readonly snapshots: readonly Snapshot[];
  readonly total: number;
  readonly nextCursor: string | null;
}

/** A pending snapshot cannot be deleted. */
export class SnapshotPendingError extends Error {
  readonly code = 'SNAPSHOT_PENDING';
  override readonly name = 'SnapshotPendingError';

  constructor() {
    super('the snapshot is still being taken');
  }
}

export class SnapshotRepository {
  readonly #service: DatabaseService;
  readonly #snapshots: Collection<SnapshotDocument>;

  constructor(service: DatabaseService) {
    this.#service = service;
    this.#snapshots = service.collection<SnapshotDocument>(SNAPSHOTS.name);
  }

  /** @returns false if its id is blocked, so that it never will be stored */
  async create(document: SnapshotDocument): Promise<boolean> {
    const { _id, ownerId } = document;
    // Repeatable, because nobody else inserts this id: who finds it knows that the first insert succeeded.
    return this.#service.runRepeatable(async () => {
      try {
        await this.#snapshots.insertOne(document);
        return true;
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
        return (await this.#snapshots.findOne({ _id, ownerId }, { readPreference: 'primary' })) !== null;
      }
    });
  }

  /** @returns undefined for a malformed id and for another owner's snapshot too */
  async find(ownerId: string, id: string): Promise<Snapshot | undefined> {
    return this.#find(ownerId, id, {});
  }

  /** As the database has it now, and not a replica that may lag behind. */
  async findCurrent(ownerId: string, id: string): Promise<Snapshot | undefined> {
    return this.#find(ownerId, id, { readPreference: 'primary' });
  }

  /** The newest first. @throws InvalidCursorError */
  async list(ownerId: string, vmId: string, { limit, cursor }: PageQuery): Promise<SnapshotPage> {
    const all = { vmId: requireObjectId(vmId), ownerId: requireObjectId(ownerId) };
    const filter = { ...all, ...olderThan<SnapshotDocument>(cursor) };
    const find = () =>
      this.#snapshots.find(filter, { sort: NEWEST_FIRST, limit: limit + 1, batchSize: limit + 2 }).toArray();
    const count = () => this.#snapshots.countDocuments(all);
    const [found, total] = await this.#service.run(() => Promise.all([find(), count()]));
    const { shown, nextCursor } = pageOf(found, limit);
    return { snapshots: shown.map(toSnapshot), total, nextCursor };
  }

  /** @returns whether it existed. @throws SnapshotPendingError */
  async delete(ownerId: string, id: string): Promise<boolean> {
    const _id = parseObjectId(id);
    if (_id === undefined) return false;
    const identity = { _id, ownerId: requireObjectId(ownerId) };
    const atRest = { ...identity, status: { $in: ['ready' as const, 'failed' as const] } };
    return this.#service.runRepeatable(async (repetition) => {
      const { deletedCount } = await this.#snapshots.deleteOne(atRest);
      if (deletedCount > 0) return true;
      const found = await this.#snapshots.findOne(identity, { readPreference: 'primary' });
      if (found !== null) throw new SnapshotPendingError();
      // The first attempt, whose connection broke, may have deleted it.
      return repetition;
    });
  }

  async deleteOfVm(vmId: ObjectId): Promise<void> {
    await this.#service.runRepeatable(() => this.#snapshots.deleteMany({ vmId }));
  }

  async #find(ownerId: string, id: string, options: FindOptions): Promise<Snapshot | undefined> {
    const _id = parseObjectId(id);
    if (_id === undefined) return undefined;
    const filter = { _id, ownerId: requireObjectId(ownerId) };
    const found = await this.#service.run(() => this.#snapshots.findOne(filter, options));
    return found === null ? undefined : toSnapshot(found);
  }
}
