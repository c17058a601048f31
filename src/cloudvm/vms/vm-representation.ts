/**
 * VMs as clients see them. The JSON of a stored VM is written from its bytes, field by field in the order of
 * the contract, so that nothing internal leaves. A document that another program has stored in another form
 * takes the way through objects, and comes out the same.
 */
import { JsonWriter, MAX_ESCAPED_BYTES } from '../database/json-writer.ts';
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

const BEFORE = {
  id: Buffer.from('{"id":'),
  name: Buffer.from(',"name":'),
  provider: Buffer.from(',"provider":'),
  region: Buffer.from(',"region":'),
  instanceId: Buffer.from(',"instanceId":'),
  size: Buffer.from(',"size":'),
  status: Buffer.from(',"status":'),
  tags: Buffer.from(',"tags":'),
  createdAt: Buffer.from(',"createdAt":'),
  updatedAt: Buffer.from(',"updatedAt":'),
};
const BEFORE_TAG = { key: Buffer.from('{"key":'), value: Buffer.from(',"value":') };
const END = Buffer.from('}');
/** More than the names of all members, the times and the version take. */
const MAX_FRAME_BYTES = 512;

/** One for the thread, because nobody waits between the first byte and the last. */
const writer = new JsonWriter();

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
  writer.begin();
  const version = writeVm(vm);
  return { json: writer.end(), version };
}

/** @returns JSON of the form VmPageSchema */
export function representPage({ vms, total, nextCursor }: VmPage): string {
  writer.begin();
  writer.text('{"vms":[');
  for (const [index, vm] of vms.entries()) {
    if (index > 0) writer.text(',');
    writeVm(vm);
  }
  writer.text(`],"total":${total},"nextCursor":${JSON.stringify(nextCursor)}}`);
  return writer.end();
}

/** @returns the version */
function writeVm(vm: StoredVm): number {
  const { length } = writer;
  writer.reserve(vm.bytes.length * MAX_ESCAPED_BYTES + MAX_FRAME_BYTES);
  const version = writeFields(new StoredDocumentReader(vm.bytes));
  if (version !== undefined) return version;
  writer.rewind(length);
  const representation = representVm(vm.toVm());
  writer.text(representation.json);
  return representation.version;
}

/** @returns undefined if the document has another form. Then what was written must be taken back. */
function writeFields(reader: StoredDocumentReader): number | undefined {
  writer.bytes(BEFORE.id);
  reader.writeObjectId(FIELDS.id, writer);
  reader.skipObjectId(FIELDS.ownerId);
  writer.bytes(BEFORE.name);
  reader.writeString(FIELDS.name, writer);
  writer.bytes(BEFORE.provider);
  reader.writeString(FIELDS.provider, writer);
  writer.bytes(BEFORE.region);
  reader.writeString(FIELDS.region, writer);
  writer.bytes(BEFORE.instanceId);
  reader.writeString(FIELDS.instanceId, writer);
  writer.bytes(BEFORE.size);
  reader.writeString(FIELDS.size, writer);
  writer.bytes(BEFORE.status);
  reader.writeString(FIELDS.status, writer);
  writer.bytes(BEFORE.tags);
  reader.writeDocuments(FIELDS.tags, writer, writeTag);
  writer.bytes(BEFORE.createdAt);
  reader.writeDate(FIELDS.createdAt, writer);
  writer.bytes(BEFORE.updatedAt);
  reader.writeDate(FIELDS.updatedAt, writer);
  const version = reader.int32(FIELDS.version);
  writer.text(`,"version":${version}}`);
  return reader.matches ? version : undefined;
}

function writeTag(reader: StoredDocumentReader): void {
  writer.bytes(BEFORE_TAG.key);
  reader.writeString(TAG_FIELDS.key, writer);
  writer.bytes(BEFORE_TAG.value);
  reader.writeString(TAG_FIELDS.value, writer);
  writer.bytes(END);
}
