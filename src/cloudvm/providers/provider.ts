/**
 * What carries out operations: the hypervisor or the cloud behind VMs. A worker calls it, waits, and records
 * the outcome. An SDK of a cloud fits behind it: each method is one or a few calls of the SDK, and
 * `instanceId` or a tag with the VM's id finds the instance again.
 *
 * Every method may be called again for the same operation: after a failure that may pass, and when the worker
 * that called it has died, whether or not the call had done its work. So it must first look what is there:
 * creating a VM that exists already succeeds, and so does removing one that does not. The pair of
 * `operationId` and `attempt` is a fencing token (Kleppmann, "How to do distributed locking"): a provider
 * that remembers the highest attempt of an operation may refuse a call of an earlier one, which comes from a
 * worker that was believed dead.
 */
import type { OperationKind } from '../operations/operation.ts';
import type { VmSize } from '../vms/vm.ts';

/** What a provider needs to know of a VM. */
export interface ProviderVm {
  readonly id: string;
  readonly ownerId: string;
  readonly name: string;
  readonly region: string;
  readonly instanceId: string;
  readonly size: VmSize;
}

export interface ProviderSnapshot {
  readonly id: string;
  readonly name: string;
}

export interface ProviderCall {
  readonly operationId: string;
  /** From 1. Grows with each call for this operation. */
  readonly attempt: number;
  /** Aborted when nobody waits any more: the worker stops, or another one has taken the operation. */
  readonly signal: AbortSignal;
}

/** Each promise is fulfilled when the work is done, so when the VM runs, has stopped, and so on. */
export interface Provider {
  /** How many calls of one worker may be under way. */
  readonly concurrency: number;
  /** Creates the VM and starts it. */
  create(vm: ProviderVm, call: ProviderCall): Promise<void>;
  start(vm: ProviderVm, call: ProviderCall): Promise<void>;
  stop(vm: ProviderVm, call: ProviderCall): Promise<void>;
  restart(vm: ProviderVm, call: ProviderCall): Promise<void>;
  snapshot(vm: ProviderVm, snapshot: ProviderSnapshot, call: ProviderCall): Promise<void>;
  /** The VM is gone for its owner already. Its snapshots go with it. */
  remove(vm: ProviderVm, call: ProviderCall): Promise<void>;
  removeSnapshot(vm: ProviderVm, snapshot: ProviderSnapshot, call: ProviderCall): Promise<void>;
}

/** The default export of a provider's module. It is called once in each worker that opens the API. */
export type CreateProvider = (environment: Readonly<NodeJS.ProcessEnv>) => Provider | Promise<Provider>;

/** Kinds of work that clients see as operations, and those that go on after something was deleted. */
export type ProviderWork = OperationKind | 'remove' | 'removeSnapshot';

/** A failure for which the message may be shown to the owner of the VM. Any other error is tried again. */
export class ProviderError extends Error {
  readonly code = 'ERR_PROVIDER';
  override readonly name = 'ProviderError';
  /** Trying again cannot help: no such region, no such size. */
  readonly isPermanent: boolean;

  constructor(message: string, options: { readonly isPermanent: boolean; readonly cause?: unknown }) {
    super(message, { cause: options.cause });
    this.isPermanent = options.isPermanent;
  }
}
