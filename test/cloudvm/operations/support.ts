/**
 * Runners as workers of different processes have them, on one database, with providers that a test controls.
 */
import { ObjectId } from 'mongodb';
import { DatabaseService } from '../../../src/cloudvm/database/database-service.ts';
import type { Operation } from '../../../src/cloudvm/operations/operation.ts';
import {
  type OperationServices,
  type OperationServicesOptions,
  OperationServices as Services,
} from '../../../src/cloudvm/operations/operation-services.ts';
import type { Provider, ProviderCall, ProviderVm } from '../../../src/cloudvm/providers/provider.ts';
import { SnapshotRepository } from '../../../src/cloudvm/snapshots/repository/snapshot-repository.ts';
import type { Vm } from '../../../src/cloudvm/vms/vm.ts';
import { VmServices } from '../../../src/cloudvm/vms/vm-services.ts';

const LEASE_MS = 600;

export interface Call {
  readonly work: string;
  readonly vm: ProviderVm;
  readonly call: ProviderCall;
  succeed(): void;
  fail(error: unknown): void;
}

/** Each call waits until the test lets it succeed or fail. */
export class HeldProvider implements Provider {
  concurrency = 100;
  /** Whether it ignores that nobody waits any more. */
  isDeaf = false;
  readonly calls: Call[] = [];
  #called = Promise.withResolvers<void>();

  readonly create = (vm: ProviderVm, call: ProviderCall) => this.#hold('create', vm, call);
  readonly start = (vm: ProviderVm, call: ProviderCall) => this.#hold('start', vm, call);
  readonly stop = (vm: ProviderVm, call: ProviderCall) => this.#hold('stop', vm, call);
  readonly restart = (vm: ProviderVm, call: ProviderCall) => this.#hold('restart', vm, call);
  readonly snapshot = (vm: ProviderVm, _: unknown, call: ProviderCall) => this.#hold('snapshot', vm, call);
  readonly remove = (vm: ProviderVm, call: ProviderCall) => this.#hold('remove', vm, call);
  readonly removeSnapshot = (vm: ProviderVm, _: unknown, call: ProviderCall) =>
    this.#hold('removeSnapshot', vm, call);

  /** The call of this number, from 0, once it comes. */
  async call(index: number): Promise<Call> {
    for (;;) {
      const call = this.calls[index];
      if (call !== undefined) return call;
      await this.#called.promise;
    }
  }

  #hold(work: string, vm: ProviderVm, call: ProviderCall): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onAbort = () => {
      if (!this.isDeaf) reject(call.signal.reason);
    };
    call.signal.addEventListener('abort', onAbort, { once: true });
    this.calls.push({ work, vm, call, succeed: () => resolve(), fail: reject });
    this.#called.resolve();
    this.#called = Promise.withResolvers();
    return promise;
  }
}

export type WorkerOptions = Partial<
  Pick<OperationServicesOptions, 'lookIntervalMs' | 'callTimeoutMs' | 'graceMs'>
>;

/** What a worker of its own process has. */
export class Worker implements AsyncDisposable {
  readonly provider = new HeldProvider();
  readonly errors: unknown[] = [];
  readonly database: DatabaseService;
  readonly operations: OperationServices;
  readonly vms: VmServices;

  static async open(uri: string, databaseName: string, options: WorkerOptions = {}): Promise<Worker> {
    return new Worker(await DatabaseService.open({ uri, databaseName, workers: 1 }), options);
  }

  private constructor(database: DatabaseService, options: WorkerOptions) {
    const { provider } = this;
    this.database = database;
    this.operations = new Services(database, {
      providers: { aws: provider, azure: provider, gcp: provider, local: provider },
      leaseMs: LEASE_MS,
      lookIntervalMs: 50,
      missingAfterMs: 0,
      onError: (error) => this.errors.push(error),
      onChange: () => {},
      ...options,
    });
    const snapshots = new SnapshotRepository(database);
    this.vms = new VmServices(database, { operations: this.operations, snapshots, onChange: () => {} });
  }

  async create(owner: string): Promise<{ readonly vm: Vm; readonly operationId: string }> {
    const newVm = { name: 'web', provider: 'local', region: 'here', size: 'small', tags: [] } as const;
    return this.vms.create(owner, newVm);
  }

  async operation(owner: string, id: string): Promise<Operation> {
    const operation = await this.operations.repository.find(owner, id);
    if (operation === undefined) throw new Error('there is no such operation');
    return operation;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.operations.stop();
    await this.database.close();
  }
}

export const newOwner = () => new ObjectId().toHexString();
