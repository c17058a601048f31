/** How an operation is stored, and the indexes of the collection. */
import { ObjectId } from 'mongodb';
import type { RequestIdentity } from '../../../runtime/application.ts';
import type { DeclaredCollection } from '../../database/collection.ts';
import type { ProviderWork } from '../../providers/provider.ts';
import type { Vm, VmProvider, VmSize } from '../../vms/vm.ts';
import { OPERATION_KINDS, type Operation, type OperationKind, type OperationStatus } from '../operation.ts';

/** What a provider must know, as it was when the operation was asked for. */
export interface OperationSubject {
  provider: VmProvider;
  name: string;
  region: string;
  instanceId: string;
  size: VmSize;
  /** Only where the operation is about a snapshot. */
  snapshotName?: string;
}

export interface OperationDocument {
  _id: ObjectId;
  ownerId: ObjectId;
  vmId: ObjectId;
  /** The VM or the snapshot whose status the outcome decides. */
  targetId: ObjectId;
  kind: ProviderWork;
  status: OperationStatus;
  error: string | null;
  /**
   * Grows by one whenever a worker takes the operation. It is the fencing version of what that worker does.
   */
  attempts: number;
  /**
   * The failure of the operation is about to be written to its target, or was. Whoever takes the operation
   * then knows how it has ended, although a later operation may have changed the target since.
   */
  isFailing?: boolean;
  /** Attempts that have failed. The others were broken off, when a worker stopped or died. */
  failures: number;
  createdAt: Date;
  /** Absent until a worker takes it. */
  startedAt?: Date;
  finishedAt: Date | null;
  updatedAt: Date;
  /** Grows with every change that clients can see. */
  version: number;
  /** From when on a worker may take it: the end of a wait, or of a lease. null when it has finished. */
  dueAt: Date | null;
  /** Who has the lease. null while nobody has. */
  holder: ObjectId | null;
  /** Of the request that has asked for it, for the log. Absent if a process has found it left behind. */
  requestId?: string;
  subject: OperationSubject;
}

export const OPERATIONS: DeclaredCollection = {
  name: 'operations',
  indexes: [
    { name: 'vm_createdAt', key: { vmId: 1, createdAt: 1, _id: 1 } },
    // For workers that look for work. All that have finished share the value null.
    { name: 'provider_dueAt', key: { 'subject.provider': 1, dueAt: 1 } },
    // For the streams of events.
    { name: 'owner_updatedAt', key: { ownerId: 1, updatedAt: 1 } },
  ],
};

/** Who asks for what. */
export interface NewOperation {
  readonly id: ObjectId;
  readonly kind: ProviderWork;
  readonly vm: Vm;
  readonly snapshot?: { readonly id: string; readonly name: string };
  readonly requestId?: string | undefined;
}

/** Queued, and due at once unless `dueAt` says later. */
export function newOperationDocument(
  { id, kind, vm, snapshot, requestId }: NewOperation,
  dueAt = new Date(),
): OperationDocument {
  const now = new Date();
  const vmId = ObjectId.createFromHexString(vm.id);
  return {
    _id: id,
    ownerId: ObjectId.createFromHexString(vm.ownerId),
    vmId,
    targetId: snapshot === undefined ? vmId : ObjectId.createFromHexString(snapshot.id),
    kind,
    status: 'queued',
    error: null,
    attempts: 0,
    failures: 0,
    createdAt: now,
    finishedAt: null,
    updatedAt: now,
    version: 1,
    dueAt,
    holder: null,
    ...(requestId !== undefined && { requestId }),
    subject: {
      provider: vm.provider,
      name: vm.name,
      region: vm.region,
      instanceId: vm.instanceId,
      size: vm.size,
      ...(snapshot !== undefined && { snapshotName: snapshot.name }),
    },
  };
}

/** @returns the request that has asked for it, as lines of the log name it */
export function requestOf({ requestId }: OperationDocument): RequestIdentity {
  return requestId === undefined ? {} : { requestId };
}

/** @returns undefined for work that is no operation for clients */
export function toOperation(document: OperationDocument): Operation | undefined {
  const { kind } = document;
  if (!isOperationKind(kind)) return undefined;
  return {
    id: document._id.toHexString(),
    vmId: document.vmId.toHexString(),
    kind,
    status: document.status,
    error: document.error,
    attempts: document.attempts,
    createdAt: document.createdAt,
    startedAt: document.startedAt ?? null,
    finishedAt: document.finishedAt,
  };
}

function isOperationKind(kind: ProviderWork): kind is OperationKind {
  return (OPERATION_KINDS as readonly string[]).includes(kind);
}
