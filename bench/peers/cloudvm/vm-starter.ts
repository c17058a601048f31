/**
 * Two ways to bring VMs that are due from pending to running, and their operations to their end, with
 * conditional writes. In the second, those that are due at about the same time are started with one write, as
 * in this server.
 */
import type { Collection, Db, ObjectId } from 'mongodb';
import {
  OPERATIONS,
  type OperationDocument,
} from '../../../src/cloudvm/operations/repository/operation-document.ts';
import { VMS, type VmDocument } from '../../../src/cloudvm/vms/repository/vm-document.ts';

export interface VmStarter extends AsyncDisposable {
  start(vm: VmDocument): void;
}

const MAX_WRITES = 2;

export class SingleVmStarter implements VmStarter {
  readonly #vms: Collection<VmDocument>;
  readonly #operations: Collection<OperationDocument>;
  readonly #writes = new Set<Promise<void>>();
  #due: VmDocument[] = [];

  constructor(database: Db) {
    this.#vms = database.collection(VMS.name);
    this.#operations = database.collection(OPERATIONS.name);
  }

  start(vm: VmDocument): void {
    this.#due.push(vm);
    this.#writeDue();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#due = [];
    await Promise.all(this.#writes);
  }

  #writeDue(): void {
    while (this.#writes.size < MAX_WRITES) {
      const vm = this.#due.shift();
      if (vm === undefined) return;
      const write = this.#write(vm).finally(() => {
        this.#writes.delete(write);
        this.#writeDue();
      });
      this.#writes.add(write);
    }
  }

  async #write({ _id, operationId }: VmDocument): Promise<void> {
    if (operationId === undefined) return;
    await this.#vms.updateOne({ _id, operationId, status: 'pending' }, started());
    await this.#operations.updateOne({ _id: operationId, status: 'running' }, ended());
  }
}

const BATCH_INTERVAL_MS = 20;
const MAX_BATCH_SIZE = 500;

export class BatchedVmStarter implements VmStarter {
  readonly #vms: Collection<VmDocument>;
  readonly #operations: Collection<OperationDocument>;
  #due: VmDocument[] = [];
  #timer: NodeJS.Timeout | undefined;
  #write = Promise.resolve();

  constructor(database: Db) {
    this.#vms = database.collection(VMS.name);
    this.#operations = database.collection(OPERATIONS.name);
  }

  start(vm: VmDocument): void {
    this.#due.push(vm);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#write = this.#write.then(() => this.#writeDue());
    }, BATCH_INTERVAL_MS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    this.#due = [];
    await this.#write;
  }

  async #writeDue(): Promise<void> {
    while (this.#due.length > 0) {
      const due = this.#due.splice(0, MAX_BATCH_SIZE);
      const ids = due.map(({ _id }) => _id);
      const operationIds = due
        .map(({ operationId }) => operationId)
        .filter((id): id is ObjectId => id !== undefined);
      const pending = { _id: { $in: ids }, operationId: { $in: operationIds }, status: 'pending' as const };
      await this.#vms.updateMany(pending, started());
      await this.#operations.updateMany({ _id: { $in: operationIds }, status: 'running' }, ended());
    }
  }
}

function started() {
  return { $set: { status: 'running' as const, updatedAt: new Date() }, $inc: { version: 1 } };
}

function ended() {
  const now = new Date();
  return {
    $set: { status: 'succeeded' as const, finishedAt: now, updatedAt: now, dueAt: null },
    $inc: { version: 1 },
  };
}
