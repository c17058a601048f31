/**
 * How a VM is stored, the indexes of the collection, and the way from a document to the domain object. Used
 * by the VM repository and the provisioner.
 */
import { ObjectId } from 'mongodb';
import type { DeclaredCollection } from '../../database/collection.ts';
import type { VmOperationKind } from '../lifecycle.ts';
import type { NewVm, Vm, VmProvider, VmSize, VmStatus, VmTag } from '../vm.ts';

export interface VmDocument {
  _id: ObjectId;
  ownerId: ObjectId;
  name: string;
  provider: VmProvider;
  region: string;
  instanceId: string;
  size: VmSize;
  status: VmStatus;
  tags: VmTag[];
  createdAt: Date;
  updatedAt: Date;
  version: number;
  /** What finds the VM by a tag: `key` and `key:value` of each. */
  tagTexts: string[];
  /**
   * As in operations/repository/operation-targets.ts. Absent in VMs that were stored before there were
   * operations.
   */
  operationId?: ObjectId;
  operationKind?: VmOperationKind;
  operationAttempt?: number;
  /** Identifies the last write, so that a write whose answer was lost can be recognised. */
  lastWrite: ObjectId;
  /** A repetition of the request that made it, or a runner, goes on with it, so nobody takes it back. */
  isKept?: boolean;
}

/** Of a new VM, which waits for its creation. */
export type NewVmDocument = VmDocument & Required<Pick<VmDocument, 'operationId'>>;

export const VMS: DeclaredCollection = {
  name: 'vms',
  indexes: [
    // One for each sort order of GET /api/vms. It is read backwards for the reverse order.
    { name: 'owner_createdAt', key: { ownerId: 1, createdAt: 1, _id: 1 } },
    { name: 'owner_name', key: { ownerId: 1, name: 1, _id: 1 } },
    // For the filters of GET /api/vms. Those by name have the one above.
    { name: 'owner_status', key: { ownerId: 1, status: 1, provider: 1, region: 1 } },
    { name: 'owner_tag', key: { ownerId: 1, tagTexts: 1 } },
    // For VMs that wait for an operation which was never stored. Without it all VMs would be read.
    { name: 'status_updatedAt', key: { status: 1, updatedAt: 1 } },
    // For the streams of events.
    { name: 'owner_updatedAt', key: { ownerId: 1, updatedAt: 1 } },
  ],
};

export function newVmDocument(ownerId: ObjectId, vm: NewVm): NewVmDocument {
  const _id = new ObjectId();
  const id = _id.toHexString();
  const now = new Date();
  const operationId = new ObjectId();
  return {
    _id,
    ownerId,
    name: vm.name,
    provider: vm.provider,
    region: vm.region,
    instanceId: vm.instanceId ?? `i-${id}`,
    size: vm.size,
    status: 'pending',
    tags: vm.tags.map(copyTag),
    createdAt: now,
    updatedAt: now,
    version: 1,
    tagTexts: tagTextsOf(vm.tags),
    ...awaiting(operationId, 'create'),
    lastWrite: _id,
  };
}

/** The fields by which a VM waits for the first attempt of an operation. */
export function awaiting(
  operationId: ObjectId,
  operationKind: VmOperationKind,
): Required<Pick<VmDocument, 'operationId' | 'operationKind' | 'operationAttempt'>> {
  return { operationId, operationKind, operationAttempt: 1 };
}

/** A copy of everything, because simultaneous reads share a document. */
export function toVm(document: VmDocument): Vm {
  return {
    id: document._id.toHexString(),
    ownerId: document.ownerId.toHexString(),
    name: document.name,
    provider: document.provider,
    region: document.region,
    instanceId: document.instanceId,
    size: document.size,
    status: document.status,
    tags: document.tags.map(copyTag),
    createdAt: new Date(document.createdAt),
    updatedAt: new Date(document.updatedAt),
    version: document.version,
  };
}

export function tagTextsOf(tags: readonly VmTag[]): string[] {
  return tags.flatMap(({ key, value }) => [key, `${key}:${value}`]);
}

/** Only the two fields, whatever else the object carries. */
export function copyTag(tag: VmTag): VmTag {
  return { key: tag.key, value: tag.value };
}
