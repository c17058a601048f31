/**
 * What the controllers of one worker work with. `start()` of the application (src/cloudvm/application.ts) opens it and `stop()`
 * closes it; controllers are given a function, because routes are registered before there is any of it.
 */

import { LoginThrottle } from './accounts/logins/login-throttle.ts';
import { HashingSlots } from './accounts/passwords/hashing-slots.ts';
import { lineOf, Passwords } from './accounts/passwords/passwords.ts';
import { Tokens } from './accounts/tokens/tokens.ts';
import { UserRepository } from './accounts/user-repository.ts';
import { prepareDatabase } from './database/collections.ts';
import { DatabaseService, type DatabaseServiceOptions } from './database/database-service.ts';
import { PendingVms } from './vms/provisioning/pending-vms.ts';
import { Provisioner } from './vms/provisioning/provisioner.ts';
import { VmRepository } from './vms/vm-repository.ts';

/** Gives the services while the application is started. */
export type ServicesOf = () => Services;

export interface ServicesOptions extends DatabaseServiceOptions {
  /** See Tokens. */
  readonly secrets: readonly string[];
  readonly tokenTtlSeconds: number;
  readonly provisioningDelayMs?: number;
  /** Told that a machine could not be started yet. */
  readonly onError: (error: unknown) => void;
}

/** Once per process, before any worker serves: what the services expect of the database. Idempotent. */
export async function prepareServices(database: DatabaseService): Promise<void> {
  await prepareDatabase(database);
  await new LoginThrottle(database).prepare();
  await new PendingVms(database).prepare();
}

export class Services implements AsyncDisposable {
  readonly database: DatabaseService;
  readonly users: UserRepository;
  readonly vms: VmRepository;
  readonly passwords: Passwords;
  readonly tokens: Tokens;
  readonly throttle: LoginThrottle;
  readonly provisioner: Provisioner;

  /** @throws DatabaseUnreachableError, DatabaseConfigurationError */
  static async open(options: ServicesOptions): Promise<Services> {
    await using opened = new AsyncDisposableStack();
    const database = opened.use(await DatabaseService.open(options));
    const services = new Services(database, options);
    services.provisioner.start();
    // From here on the services close it.
    opened.move();
    return services;
  }

  private constructor(database: DatabaseService, options: ServicesOptions) {
    const { secrets, tokenTtlSeconds, provisioningDelayMs, onError } = options;
    this.database = database;
    this.users = new UserRepository(database);
    this.vms = new VmRepository(database);
    this.passwords = new Passwords({ slots: HashingSlots.open(), maxWaiting: lineOf(options.workers) });
    this.tokens = new Tokens({ secrets, ttlSeconds: tokenTtlSeconds });
    this.throttle = new LoginThrottle(database);
    this.provisioner = new Provisioner({
      vms: this.vms,
      pending: new PendingVms(database),
      ...(provisioningDelayMs !== undefined && { delayMs: provisioningDelayMs }),
      onError,
    });
  }

  /** In the reverse order of their making: what still needs the database stops before it closes. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.provisioner.stop();
    } finally {
      await this.database.close();
    }
  }
}
