/**
 * A VM as the database sent it. Most VMs that are read become JSON at once and are never looked at, so it is
 * decoded only where the program needs its values. vm-representation.ts makes the JSON.
 */
import { BSON } from 'mongodb';
import { objectIdField, StoredDocumentReader } from '../../database/stored-document-reader.ts';
import type { Vm } from '../vm.ts';
import { toVm, type VmDocument } from './vm-document.ts';

const ID = objectIdField('_id');
const OWNER_ID = objectIdField('ownerId');

/** It never changes, so simultaneous reads may share it. */
export class StoredVm {
  readonly ownerId: string;
  readonly id: string;
  /** A document in BSON. */
  readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    const reader = new StoredDocumentReader(bytes);
    const id = reader.objectId(ID);
    const ownerId = reader.objectId(OWNER_ID);
    ({ id: this.id, ownerId: this.ownerId } = reader.matches ? { id, ownerId } : this.toVm());
  }

  decode(): VmDocument {
    return BSON.deserialize(this.bytes) as VmDocument;
  }

  toVm(): Vm {
    return toVm(this.decode());
  }
}
