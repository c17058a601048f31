/** The calls about VMs: `client.vms`. */
import type { NewVm, Vm, VmChanges, VmPage, VmQuery } from '../../cloudvm/contract/client-contract.ts';
import type { CallOptions } from '../options.ts';
import { bodyOf, type OperationReference, operationOf } from './body.ts';
import type { Call, KeyOption } from './call.ts';
import { entityTagOf, type VersionOption } from './entity-tag.ts';
import { everyEntry } from './pages.ts';

/** A VM that is being changed, and the operation that changes it. */
export interface ChangingVm {
  readonly vm: Vm;
  /** For `client.waitFor`. */
  readonly operation: OperationReference;
}

export type ChangeOptions = CallOptions & VersionOption;

export class VmCalls {
  readonly #call: Call;

  constructor(call: Call) {
    this.#call = call;
  }

  /** One page. `nextCursor` is the `cursor` of the next one. */
  async list(query: VmQuery = {}, options: CallOptions = {}): Promise<VmPage> {
    return bodyOf('listVms', await this.#call('listVms', { ...options, query }));
  }

  /** Every VM on every page. `limit` is the size of a page. */
  all(query: VmQuery = {}, options: CallOptions = {}): AsyncGenerator<Vm, void, undefined> {
    return everyEntry(async (cursor) => {
      const { vms, nextCursor } = await this.list(
        { ...query, ...(cursor !== undefined && { cursor }) },
        options,
      );
      return { entries: vms, nextCursor };
    }, query.cursor);
  }

  /** The VM is `pending` until the operation has ended. */
  async create(vm: NewVm, options: CallOptions & KeyOption = {}): Promise<ChangingVm> {
    const answer = await this.#call('createVm', { ...options, body: vm });
    return { vm: bodyOf('createVm', answer), operation: operationOf('createVm', answer) };
  }

  async get(id: string, options: CallOptions = {}): Promise<Vm> {
    return bodyOf('getVm', await this.#call('getVm', { ...options, path: { id } }));
  }

  /** @returns undefined if the VM is still as it was read */
  async getIfChanged(vm: Pick<Vm, 'id' | 'version'>, options: CallOptions = {}): Promise<Vm | undefined> {
    const { body } = await this.#call('getVm', {
      ...options,
      path: { id: vm.id },
      ifNoneMatch: entityTagOf(vm),
    });
    return body;
  }

  /** Tags are replaced as a whole. For one tag use `setTag` and `deleteTag`. */
  async update(id: string, changes: VmChanges, options: ChangeOptions = {}): Promise<Vm> {
    const input = { ...conditional(options), path: { id }, body: changes };
    return bodyOf('updateVm', await this.#call('updateVm', input));
  }

  /** With its snapshots. */
  async delete(id: string, options: ChangeOptions = {}): Promise<void> {
    await this.#call('deleteVm', { ...conditional(options), path: { id } });
  }

  async setTag(id: string, key: string, value: string, options: ChangeOptions = {}): Promise<Vm> {
    const input = { ...conditional(options), path: { id, key }, body: { value } };
    return bodyOf('setVmTag', await this.#call('setVmTag', input));
  }

  /** A tag that is not there is no error. */
  async deleteTag(id: string, key: string, options: ChangeOptions = {}): Promise<Vm> {
    return bodyOf(
      'deleteVmTag',
      await this.#call('deleteVmTag', { ...conditional(options), path: { id, key } }),
    );
  }

  /** Only one that is stopped or in error. */
  start(id: string, options: ChangeOptions & KeyOption = {}): Promise<ChangingVm> {
    return this.#change('startVm', id, options);
  }

  /** Only one that is running. */
  stop(id: string, options: ChangeOptions & KeyOption = {}): Promise<ChangingVm> {
    return this.#change('stopVm', id, options);
  }

  /** Only one that is running. */
  restart(id: string, options: ChangeOptions & KeyOption = {}): Promise<ChangingVm> {
    return this.#change('restartVm', id, options);
  }

  async #change(
    operationId: 'startVm' | 'stopVm' | 'restartVm',
    id: string,
    options: ChangeOptions & KeyOption,
  ): Promise<ChangingVm> {
    const answer = await this.#call(operationId, { ...conditional(options), path: { id } });
    return { vm: bodyOf(operationId, answer), operation: operationOf(operationId, answer) };
  }
}

function conditional<Options extends ChangeOptions>({ ifMatch, ...options }: Options) {
  return { ...options, ifMatch: entityTagOf(ifMatch) };
}
