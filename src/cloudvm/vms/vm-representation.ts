/**
 * VMs as clients see them. The JSON of a stored VM is written from its bytes, field by field in the order of
 * the contract, so that nothing internal leaves. A document that another program has stored in another form
 * takes the way through objects, and comes out the same.
 */
import {
  arrayField,
  dateField,
  int32Field,
  objectIdField,
  StoredDocumentReader,
  stringField,
} from '../database/stored-document-reader.ts';
import type { StoredVm } from './repository/stored-vm.ts';
import type { VmPage } from './repository/vm-query.ts';
import type { Vm } from './vm.ts';
import type { VmAnswer } from './vm-schema.ts';

export interface VmRepresentation {
  readonly json: string;
  readonly version: number;
}

const FIELDS = {
  id: objectIdField('_id'),
  ownerId: objectIdField('ownerId'),
  name: stringField('name'),
  provider: stringField('provider'),
  region: stringField('region'),
  instanceId: stringField('instanceId'),
  size: stringField('size'),
  status: stringField('status'),
  tags: arrayField('tags'),
  createdAt: dateField('createdAt'),
  updatedAt: dateField('updatedAt'),
  version: int32Field('version'),
};
const TAG_FIELDS = { key: stringField('key'), value: stringField('value') };

export function representVm(vm: Vm): VmRepresentation {
  const answer: VmAnswer = {
    id: vm.id,
    name: vm.name,
    provider: vm.provider,
    region: vm.region,
    instanceId: vm.instanceId,
    size: vm.size,
    status: vm.status,
    tags: vm.tags.map(({ key, value }) => ({ key, value })),
    createdAt: vm.createdAt.toISOString(),
    updatedAt: vm.updatedAt.toISOString(),
    version: vm.version,
  };
  return { json: JSON.stringify(answer), version: vm.version };
}

/** Equal to `representVm(vm.toVm())`. */
export function representStoredVm(vm: StoredVm): VmRepresentation {
  return readRepresentation(new StoredDocumentReader(vm.bytes)) ?? representVm(vm.toVm());
}

/** @returns JSON of the form VmPageSchema */
export function representPage({ vms, total, nextCursor }: VmPage): string {
  const items = vms.map((vm) => representStoredVm(vm).json).join();
  return `{"vms":[${items}],"total":${total},"nextCursor":${JSON.stringify(nextCursor)}}`;
}

/** In the order of VmDocument. Reading moves on, so the fields are named once and in order. */
function readRepresentation(reader: StoredDocumentReader): VmRepresentation | undefined {
  const id = reader.objectId(FIELDS.id);
  reader.objectId(FIELDS.ownerId);
  const beforeVersion =
    `{"id":"${id}","name":${reader.string(FIELDS.name)},"provider":${reader.string(FIELDS.provider)},` +
    `"region":${reader.string(FIELDS.region)},"instanceId":${reader.string(FIELDS.instanceId)},` +
    `"size":${reader.string(FIELDS.size)},"status":${reader.string(FIELDS.status)},` +
    `"tags":${reader.documents(FIELDS.tags, tagJson)},"createdAt":${reader.date(FIELDS.createdAt)},` +
    `"updatedAt":${reader.date(FIELDS.updatedAt)},`;
  const version = reader.int32(FIELDS.version);
  return reader.matches ? { json: `${beforeVersion}"version":${version}}`, version } : undefined;
}

function tagJson(reader: StoredDocumentReader): string {
  return `{"key":${reader.string(TAG_FIELDS.key)},"value":${reader.string(TAG_FIELDS.value)}}`;
}
