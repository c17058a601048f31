/**
 * How a virtual machine is stored, and the way from there to the domain object. Used by the VM repository alone.
 */
import { createHash } from 'node:crypto';
import { ObjectId } from 'mongodb';
import type { NewVm, Vm, VmProvider, VmSize, VmStatus, VmTag } from './vm.ts';

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
  /** Unique per owner: made of the Idempotency-Key, or of the _id where the client sent none. */
  creationKey: string;
  /** Digest of what the client asked for, to tell a repetition from another use of its key. */
  creationFingerprint: string;
  /** Names the last write, so that one whose answer was lost can be recognised. */
  lastWrite: ObjectId;
}

export function newVmDocument(ownerId: ObjectId, vm: NewVm, idempotencyKey: string | undefined): VmDocument {
  const _id = new ObjectId();
  const id = _id.toHexString();
  const now = new Date();
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
    // Two kinds of key, told apart by their prefix: no client can name another machine's id as its key.
    creationKey: idempotencyKey === undefined ? `id:${id}` : `key:${digest(idempotencyKey)}`,
    creationFingerprint: fingerprint(vm),
    lastWrite: _id,
  };
}

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
    tags: document.tags,
    createdAt: document.createdAt,
    updatedAt: document.updatedAt,
    version: document.version,
  };
}

/** Nothing but the two fields is stored, whatever else the object may carry. */
export function copyTag(tag: VmTag): VmTag {
  return { key: tag.key, value: tag.value };
}

/** Fields in an order of ours: the order in which a client wrote them makes no other machine. */
function fingerprint(vm: NewVm): string {
  const tags = vm.tags.map(({ key, value }) => [key, value]);
  return digest(JSON.stringify([vm.name, vm.provider, vm.region, vm.instanceId ?? null, vm.size, tags]));
}

/** Short and of fixed length, so that no index entry depends on the length of a client's text. */
function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
