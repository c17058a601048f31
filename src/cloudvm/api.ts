/**
 * What the requests about accounts and VMs need in a worker: the database, the services and the controllers
 * of each feature. It brings the driver and the validators along, which are two thirds of a worker's memory.
 * So it is imported and opened on demand (application.ts), and nobody else imports it.
 */
import { AccountController } from './accounts/account-controller.ts';
import { withProblems } from './problems.ts';
import { prepareServices, Services, type ServicesOptions } from './services.ts';
import { VmController } from './vms/vm-controller.ts';

export class Api implements AsyncDisposable {
  readonly withProblems = withProblems;
  readonly accounts: AccountController;
  readonly vms: VmController;
  readonly #services: Services;

  /** @throws DatabaseUnreachableError, DatabaseConfigurationError */
  static async open(options: ServicesOptions): Promise<Api> {
    return new Api(await Services.open(options));
  }

  constructor(services: Services) {
    this.#services = services;
    this.accounts = new AccountController(services.accounts);
    this.vms = new VmController(services.vms);
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
