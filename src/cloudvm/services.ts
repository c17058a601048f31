/**
 * The services of one worker: its database and what each feature needs. They are opened and closed with the
 * API (api.ts).
 */

import type { Logger } from '../platform/log.ts';
import { AccountServices, prepareAccounts } from './accounts/account-services.ts';
import type { Tokens } from './accounts/tokens/tokens.ts';
import { DatabaseService, type DatabaseServiceOptions } from './database/database-service.ts';
import type { EventHub } from './events/event-hub.ts';
import { openEvents } from './events/event-services.ts';
import { IdempotencyServices, prepareIdempotency } from './idempotency/idempotency-services.ts';
import { OperationServices, prepareOperations } from './operations/operation-services.ts';
import type { Providers } from './providers/provider-registry.ts';
import type { ReportTrouble } from './report-trouble.ts';
import { SnapshotRepository } from './snapshots/repository/snapshot-repository.ts';
import { prepareSnapshots, SnapshotServices } from './snapshots/snapshot-services.ts';
import { prepareVms, VmServices } from './vms/vm-services.ts';

export interface ServicesOptions extends DatabaseServiceOptions {
  readonly tokens: Tokens;
  /** As in AccountServicesOptions. */
  readonly secrets: readonly string[];
  readonly maxRegistrationsPerHour: number;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  /** What carries operations out. Called once. */
  readonly openProviders: () => Promise<Providers>;
  readonly leaseMs?: number;
  /** How long a provider may take for one call. */
  readonly callTimeoutMs?: number;
  readonly maxVmsPerUser?: number;
  readonly maxIdempotencyKeysPerUser?: number;
  /** How long a request with a key may take before a repetition takes it over. */
  readonly keyLeaseMs?: number;
  /** Called with errors of work that goes on in the background. It is repeated. */
  readonly onError: ReportTrouble;
}

/** Creates what the features expect of the database. One worker calls it before any serves. Idempotent. */
export async function prepareServices(database: DatabaseService): Promise<void> {
  await prepareAccounts(database);
  await prepareVms(database);
  await prepareSnapshots(database);
  await prepareOperations(database);
  await prepareIdempotency(database);
}

export class Services implements AsyncDisposable {
  readonly database: DatabaseService;
  readonly accounts: AccountServices;
  readonly operations: OperationServices;
  readonly vms: VmServices;
  readonly snapshots: SnapshotServices;
  readonly idempotency: IdempotencyServices;
  readonly events: EventHub;

  /** @throws DatabaseUnreachableError, DatabaseConfigurationError, Error if a provider cannot be used */
  static async open(options: ServicesOptions): Promise<Services> {
    const providers = await options.openProviders();
    await using opened = new AsyncDisposableStack();
    const database = opened.use(await DatabaseService.open(options));
    const services = new Services(database, providers, options);
    services.operations.start();
    services.accounts.startRemoval({
      vms: services.vms,
      operations: services.operations.repository,
      keys: services.idempotency.keys,
      onError: options.onError,
    });
    // From here on the services close the database.
    opened.move();
    return services;
  }

  private constructor(database: DatabaseService, providers: Providers, options: ServicesOptions) {
    const { onError } = options;
    this.database = database;
    this.accounts = new AccountServices(database, options);
    this.events = openEvents(database, onError);
    const onChange = () => this.events.written();
    this.operations = new OperationServices(database, { ...options, providers, onChange });
    const snapshots = new SnapshotRepository(database);
    this.vms = new VmServices(database, {
      operations: this.operations,
      snapshots,
      onChange,
      ...(options.maxVmsPerUser !== undefined && { maxVmsPerUser: options.maxVmsPerUser }),
    });
    this.snapshots = new SnapshotServices({
      database,
      repository: snapshots,
      vms: this.vms.repository,
      operations: this.operations,
    });
    this.idempotency = new IdempotencyServices(database, {
      operations: this.operations.repository,
      onError,
      ...(options.maxIdempotencyKeysPerUser !== undefined && {
        maxKeysPerUser: options.maxIdempotencyKeysPerUser,
      }),
      ...(options.keyLeaseMs !== undefined && { leaseMs: options.keyLeaseMs }),
    });
  }

  /** Everything that needs the database stops before the database closes. */
  async [Symbol.asyncDispose](): Promise<void> {
    await using _database = this.database;
    await using _operations = this.operations.runner;
    await using _accounts = this.accounts;
    await using _idempotency = this.idempotency;
    await this.events[Symbol.asyncDispose]();
  }
}
