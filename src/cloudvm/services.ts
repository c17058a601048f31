/**
 * The services of one worker: its database and what each feature needs. They are opened and closed with the
 * API (api.ts).
 */

import { AccountServices, prepareAccounts } from './accounts/account-services.ts';
import type { Tokens } from './accounts/tokens/tokens.ts';
import { DatabaseService, type DatabaseServiceOptions } from './database/database-service.ts';
import { prepareVms, VmServices } from './vms/vm-services.ts';

export interface ServicesOptions extends DatabaseServiceOptions {
  readonly tokens: Tokens;
  readonly provisioningDelayMs?: number;
  /** Called when a VM could not be started yet. */
  readonly onError: (error: unknown) => void;
}

/** Creates what the features expect of the database. One worker calls it before any serves. Idempotent. */
export async function prepareServices(database: DatabaseService): Promise<void> {
  await prepareAccounts(database);
  await prepareVms(database);
}

export class Services implements AsyncDisposable {
  readonly database: DatabaseService;
  readonly accounts: AccountServices;
  readonly vms: VmServices;

  /** @throws DatabaseUnreachableError, DatabaseConfigurationError */
  static async open(options: ServicesOptions): Promise<Services> {
    await using opened = new AsyncDisposableStack();
    const database = opened.use(await DatabaseService.open(options));
    const services = new Services(database, options);
    services.vms.start();
    // From here on the services close the database.
    opened.move();
    return services;
  }

  private constructor(database: DatabaseService, options: ServicesOptions) {
    this.database = database;
    this.accounts = new AccountServices(database, options);
    this.vms = new VmServices(database, options);
  }

  /** Everything that needs the database stops before the database closes. */
  async [Symbol.asyncDispose](): Promise<void> {
    await using _database = this.database;
    await this.vms.stop();
  }
}
