/** How a snapshot is stored, and the indexes of the collection. */
import { ObjectId } from 'mongodb';
import type { DeclaredCollection } from '../../database/collection.ts';
import { requireObjectId } from '../../database/object-id.ts';
import type { Vm } from '../../vms/vm.ts';
import type { Snapshot, SnapshotStatus } from '../snapshot.ts';

export interface SnapshotDocument {
  _id: ObjectId;
  ownerId: ObjectId;
  vmId: ObjectId;
  name: string;
  status: SnapshotStatus;
  createdAt: Date;
  updatedAt: Date;
  version: number;
  /** As in operations/repository/operation-targets.ts. */
  operationId: ObjectId;
  operationAttempt: number;
}

export const SNAPSHOTS: DeclaredCollection = {
  name: 'snapshots',
  indexes: [
    { name: 'vm_createdAt', key: { vmId: 1, createdAt: 1, _id: 1 } },
    // For pending snapshots whose operation was never stored.
    { name: 'status_updatedAt', key: { status: 1, updatedAt: 1 } },
    // For the streams of events.
    { name: 'owner_updatedAt', key: { ownerId: 1, updatedAt: 1 } },
  ],
};

/** Pending: it waits for the first attempt of an operation. */
export function newSnapshotDocument(vm: Vm, name: string): SnapshotDocument {
  const now = new Date();
  return {
    _id: new ObjectId(),
    ownerId: requireObjectId(vm.ownerId),
    vmId: requireObjectId(vm.id),
    name,
    status: 'pending',
    createdAt: now,
    updatedAt: now,
    version: 1,
    operationId: new ObjectId(),
    operationAttempt: 1,
  };
}

export function toSnapshot(document: SnapshotDocument): Snapshot {
  return {
    id: document._id.toHexString(),
    vmId: document.vmId.toHexString(),
    name: document.name,
    status: document.status,
    createdAt: document.createdAt,
  };
}
