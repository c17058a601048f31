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

/** Ids in hexadecimal digits, in lower case. */
export interface VmIdentity {
  readonly ownerId: string;
  readonly id: string;
}

/** It never changes, so simultaneous reads may share it. */
export class StoredVm {
  /** A document in BSON. */
  readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  get identity(): VmIdentity {
    const reader = new StoredDocumentReader(this.bytes);
    const id = reader.objectId(ID);
    const ownerId = reader.objectId(OWNER_ID);
    return reader.matches ? { ownerId, id } : this.toVm();
  }

  decode(): VmDocument {
    return BSON.deserialize(this.bytes) as VmDocument;
  }

  toVm(): Vm {
    return toVm(this.decode());
  }
}
