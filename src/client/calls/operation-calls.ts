/** The calls about operations: `client.operations`. */
import type { Operation, OperationPage, PageQuery } from '../../cloudvm/contract/client-contract.ts';
import type { CallOptions } from '../options.ts';
import { bodyOf } from './body.ts';
import type { Call } from './call.ts';
import { everyEntry } from './pages.ts';

export class OperationCalls {
  readonly #call: Call;

  constructor(call: Call) {
    this.#call = call;
  }

  /** One page of the operations of a VM, the newest first. */
  async list(vmId: string, query: PageQuery = {}, options: CallOptions = {}): Promise<OperationPage> {
    const answer = await this.#call('listVmOperations', { ...options, path: { id: vmId }, query });
    return bodyOf('listVmOperations', answer);
  }

  /** Every operation of a VM, the newest first. */
  all(
    vmId: string,
    query: PageQuery = {},
    options: CallOptions = {},
  ): AsyncGenerator<Operation, void, undefined> {
    return everyEntry(async (cursor) => {
      const page = await this.list(vmId, { ...query, ...(cursor !== undefined && { cursor }) }, options);
      return { entries: page.operations, nextCursor: page.nextCursor };
    }, query.cursor);
  }

  async get(id: string, options: CallOptions = {}): Promise<Operation> {
    return bodyOf('getOperation', await this.#call('getOperation', { ...options, path: { id } }));
  }
}
