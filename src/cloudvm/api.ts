/**
 * What the requests about accounts and VMs need in a worker: the database, the services and the controllers
 * of each feature. It brings the driver and the validators along, which are two thirds of a worker's memory.
 * So it is imported and opened on demand (application.ts), and nobody else imports it.
 */

import type { Handler } from '../runtime/application.ts';
import { AccountController } from './accounts/account-controller.ts';
import type { TokenSubject } from './accounts/tokens/token-claims.ts';
import type { OperationId } from './contract/routes.ts';
import { EventController } from './events/event-controller.ts';
import { type Controllers, handlerOf } from './handlers.ts';
import { OperationController } from './operations/operation-controller.ts';
import { withProblems } from './problems.ts';
import { openProviders } from './providers/provider-registry.ts';
import type { ReportTrouble } from './report-trouble.ts';
import { prepareServices, Services, type ServicesOptions } from './services.ts';
import { SnapshotController } from './snapshots/snapshot-controller.ts';
import type { CountThrottled } from './throttling.ts';
import { VmController } from './vms/vm-controller.ts';

/** For the application, which must not load it before it opens the API. */
export { openProviders };

export class Api implements AsyncDisposable {
  readonly #controllers: Controllers;
  readonly #services: Services;

  /** @throws DatabaseUnreachableError, DatabaseConfigurationError, Error if a provider cannot be used */
  static async open(options: ServicesOptions): Promise<Api> {
    return new Api(await Services.open(options));
  }

  constructor(services: Services) {
    const { accounts, vms, operations, snapshots, events, idempotency } = services;
    this.#services = services;
    this.#controllers = {
      accounts: new AccountController(accounts),
      vms: new VmController(vms, idempotency.requests),
      operations: new OperationController(operations.repository, vms.repository),
      snapshots: new SnapshotController(snapshots, vms.repository, idempotency.requests),
      events: new EventController(events, accounts.sessions),
    };
  }

  /** @param onDatabaseTrouble as for `withProblems`, like `onThrottled` */
  handler(operationId: OperationId, onDatabaseTrouble: ReportTrouble, onThrottled: CountThrottled): Handler {
    return withProblems(handlerOf(operationId, this.#controllers), onDatabaseTrouble, onThrottled);
  }

  /**
   * Checks that a token was not withdrawn. It returns a promise only if it must ask the database.
   * @throws InvalidTokenError, DatabaseError
   */
  checkSession(subject: TokenSubject): void | Promise<void> {
    return this.#services.accounts.sessions.check(subject);
  }

  /** Creates collections and indexes. */
  async prepare(): Promise<void> {
    await prepareServices(this.#services.database);
  }

  /** Asks the database for a sign of life. */
  async ping(): Promise<void> {
    await this.#services.database.ping();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#services[Symbol.asyncDispose]();
  }
}
