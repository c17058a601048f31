/**
 * Reads what has changed from the documents themselves: every VM, snapshot and operation has the time of its
 * last change, and a version that grows. There is no log of changes, which would be one more write for each
 * change whether anybody listens or not, and could disagree with the documents.
 *
 * So of several changes that come between two reads, the last one is seen, with its version. Each operation
 * keeps a document of its own, so what was done to a VM is never lost.
 */
import type { Collection, Filter, ObjectId } from 'mongodb';
import type { DatabaseService } from '../database/database-service.ts';
import { requireObjectId } from '../database/object-id.ts';
import { representOperation } from '../operations/operation-controller.ts';
import {
  OPERATIONS,
  type OperationDocument,
  toOperation,
} from '../operations/repository/operation-document.ts';
import { SNAPSHOTS, type SnapshotDocument, toSnapshot } from '../snapshots/repository/snapshot-document.ts';
import { representSnapshot } from '../snapshots/snapshot-answer.ts';
import { toVm, VMS, type VmDocument } from '../vms/repository/vm-document.ts';
import { representVm } from '../vms/vm-representation.ts';
import { type Change, compareChanges, DELETED } from './change.ts';
import type { EventName } from './event-schema.ts';

interface ChangingDocument {
  readonly _id: ObjectId;
  readonly ownerId: ObjectId;
  readonly updatedAt: Date;
  readonly version: number;
}

/** Changes that one query reads. */
export const MAX_READ = 500;

export interface ChangesRead {
  /** In order. */
  readonly changes: readonly Change[];
  /** Where to read on at once, if there are more. */
  readonly moreSince: number | undefined;
}

export class ChangeReader {
  readonly #service: DatabaseService;

  constructor(service: DatabaseService) {
    this.#service = service;
  }

  /**
   * @param ownerIds at least one
   * @param since milliseconds since 1970. Changes of this very millisecond are read too
   */
  async read(ownerIds: readonly string[], since: number): Promise<ChangesRead> {
    const [vms, snapshots, operations] = await this.#service.run(() =>
      Promise.all([
        this.#find<VmDocument>(VMS.name, ownerIds, since),
        this.#find<SnapshotDocument>(SNAPSHOTS.name, ownerIds, since),
        this.#find<OperationDocument>(OPERATIONS.name, ownerIds, since),
      ]),
    );
    const changes = [...vms.map(ofVm), ...snapshots.map(ofSnapshot), ...operations.flatMap(ofOperation)];
    // Beyond the end of a list that was cut off, the lists together are not complete.
    const end = Math.min(endOf(vms), endOf(snapshots), endOf(operations));
    const complete = changes.filter(({ time }) => time <= end).sort(compareChanges);
    return {
      changes: complete,
      moreSince: end === Number.POSITIVE_INFINITY ? undefined : nextAfter(end, since),
    };
  }

  async #find<Schema extends ChangingDocument>(
    collection: string,
    ownerIds: readonly string[],
    since: number,
  ): Promise<readonly Schema[]> {
    const [only] = ownerIds;
    const filter: Filter<ChangingDocument> = {
      ownerId:
        only !== undefined && ownerIds.length === 1
          ? requireObjectId(only)
          : { $in: ownerIds.map(requireObjectId) },
      updatedAt: { $gte: new Date(since) },
    };
    const documents: Collection<ChangingDocument> = this.#service.collection(collection);
    const found = await documents
      .find(filter, { sort: { updatedAt: 1 }, limit: MAX_READ, batchSize: MAX_READ + 1 })
      .toArray();
    // The collection's name says which documents it has.
    return found as unknown as readonly Schema[];
  }
}

/** The time of the last change of a list that was cut off. */
function endOf(documents: readonly ChangingDocument[]): number {
  const last = documents.at(-1);
  if (last === undefined || documents.length < MAX_READ) return Number.POSITIVE_INFINITY;
  return last.updatedAt.getTime();
}

/**
 * More changes than one read takes, all of the same millisecond, are passed over rather than read for ever.
 */
function nextAfter(end: number, since: number): number {
  return end > since ? end : end + 1;
}

function ofVm(document: VmDocument): Change {
  return changeOf('vm', document, representVm(toVm(document)).json);
}

function ofSnapshot(document: SnapshotDocument): Change {
  return changeOf('snapshot', document, JSON.stringify(representSnapshot(toSnapshot(document))));
}

function ofOperation(document: OperationDocument): Change[] {
  const operation = toOperation(document);
  if (operation !== undefined) {
    return [changeOf('operation', document, JSON.stringify(representOperation(operation)))];
  }
  // What was deleted has no document any more. Its removal has, which was stored before the deletion. It is
  // sure that the deletion has happened once the provider was called, which may fail for a long time.
  if (document.finishedAt === null && document.failures === 0) return [];
  const event = document.kind === 'remove' ? 'vm-deleted' : 'snapshot-deleted';
  const resource = document.targetId.toHexString();
  const data = JSON.stringify({ id: resource });
  const change = changeOf(event, document, data);
  return [{ ...change, key: `${event} ${resource}`, resource, version: DELETED }];
}

function changeOf(event: EventName, document: ChangingDocument, data: string): Change {
  const resource = document._id.toHexString();
  return {
    ownerId: document.ownerId.toHexString(),
    time: document.updatedAt.getTime(),
    key: `${event} ${resource} ${document.version}`,
    resource,
    version: document.version,
    event,
    data,
  };
}
