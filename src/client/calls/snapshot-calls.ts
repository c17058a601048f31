/** The calls about snapshots: `client.snapshots`. */
import type {
  NewSnapshot,
  PageQuery,
  Snapshot,
  SnapshotPage,
} from '../../cloudvm/contract/client-contract.ts';
import type { CallOptions } from '../options.ts';
import { bodyOf, type OperationReference, operationOf } from './body.ts';
import type { Call, KeyOption } from './call.ts';
import { everyEntry } from './pages.ts';

/** A snapshot that is being taken, and the operation that takes it. */
export interface PendingSnapshot {
  readonly snapshot: Snapshot;
  /** For `client.waitFor`. */
  readonly operation: OperationReference;
}

export class SnapshotCalls {
  readonly #call: Call;

  constructor(call: Call) {
    this.#call = call;
  }

  /** One page of the snapshots of a VM, the newest first. */
  async list(vmId: string, query: PageQuery = {}, options: CallOptions = {}): Promise<SnapshotPage> {
    const answer = await this.#call('listVmSnapshots', { ...options, path: { id: vmId }, query });
    return bodyOf('listVmSnapshots', answer);
  }

  /** Every snapshot of a VM, the newest first. */
  all(
    vmId: string,
    query: PageQuery = {},
    options: CallOptions = {},
  ): AsyncGenerator<Snapshot, void, undefined> {
    return everyEntry(async (cursor) => {
      const page = await this.list(vmId, { ...query, ...(cursor !== undefined && { cursor }) }, options);
      return { entries: page.snapshots, nextCursor: page.nextCursor };
    }, query.cursor);
  }

  /** The snapshot is `pending` until the operation has ended. */
  async create(
    vmId: string,
    snapshot: NewSnapshot,
    options: CallOptions & KeyOption = {},
  ): Promise<PendingSnapshot> {
    const answer = await this.#call('createVmSnapshot', { ...options, path: { id: vmId }, body: snapshot });
    return {
      snapshot: bodyOf('createVmSnapshot', answer),
      operation: operationOf('createVmSnapshot', answer),
    };
  }

  async get(id: string, options: CallOptions = {}): Promise<Snapshot> {
    return bodyOf('getSnapshot', await this.#call('getSnapshot', { ...options, path: { id } }));
  }

  async delete(id: string, options: CallOptions = {}): Promise<void> {
    await this.#call('deleteSnapshot', { ...options, path: { id } });
  }
}
