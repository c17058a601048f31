/**
 * The services for accounts in one worker: users, passwords, tokens and the bound on failed logins. Opened
 * with the application's services (services.ts).
 */
import type { Logger } from '../../platform/log.ts';
import { prepareCollections } from '../database/collection.ts';
import type { DatabaseService } from '../database/database-service.ts';
import { AccountRemoval, type AccountRemovalOptions } from './deletion/account-removal.ts';
import { Devices } from './logins/devices.ts';
import { LOGIN_FAILURES } from './logins/login-counts.ts';
import { LoginLog } from './logins/login-log.ts';
import { LoginThrottle } from './logins/login-throttle.ts';
import { RegistrationThrottle } from './logins/registration-throttle.ts';
import { HashingLine, lineCapacity } from './passwords/line/hashing-line.ts';
import { Passwords } from './passwords/passwords.ts';
import { Sessions } from './sessions/sessions.ts';
import type { Tokens } from './tokens/tokens.ts';
import { USERS } from './users/user-document.ts';
import { UserRemovals } from './users/user-removals.ts';
import { UserRepository } from './users/user-repository.ts';

export interface AccountServicesOptions {
  /** How many workers share the hashing line of the process. */
  readonly workers: number;
  readonly tokens: Tokens;
  /** Those of the tokens. The first signs, all verify. */
  readonly secrets: readonly string[];
  /** From one network. */
  readonly maxRegistrationsPerHour: number;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
}

/** What the removal of a deleted account needs of other features. */
export type RemovalNeeds = Omit<AccountRemovalOptions, 'removals'>;

/** Once per process. Idempotent. */
export async function prepareAccounts(database: DatabaseService): Promise<void> {
  await prepareCollections(database, [USERS, LOGIN_FAILURES]);
  await LoginThrottle.prepare(database);
}

export class AccountServices implements AsyncDisposable {
  readonly users: UserRepository;
  readonly passwords: Passwords;
  readonly tokens: Tokens;
  readonly throttle: LoginThrottle;
  readonly registrations: RegistrationThrottle;
  readonly loginLog: LoginLog;
  readonly sessions: Sessions;
  readonly #database: DatabaseService;
  #removal: AccountRemoval | undefined;

  constructor(database: DatabaseService, options: AccountServicesOptions) {
    const { workers, tokens, secrets, maxRegistrationsPerHour, logger } = options;
    this.users = new UserRepository(database);
    this.passwords = new Passwords(new HashingLine({ capacity: lineCapacity(workers) }));
    this.tokens = tokens;
    this.throttle = new LoginThrottle(database, new Devices(secrets));
    this.registrations = new RegistrationThrottle(database, maxRegistrationsPerHour);
    this.loginLog = new LoginLog(logger);
    this.sessions = new Sessions({
      readTokenVersion: (userId) => this.users.readTokenVersion(userId),
      database: database.description,
    });
    this.#database = database;
  }

  /** Removes deleted accounts in the background from now on. Called once the other features are open. */
  startRemoval(needs: RemovalNeeds): void {
    this.#removal = new AccountRemoval({ removals: new UserRemovals(this.#database), ...needs });
    this.#removal.look();
  }

  /** An account was deleted. */
  removeSoon(): void {
    this.#removal?.look();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.sessions[Symbol.dispose]();
    await this.#removal?.[Symbol.asyncDispose]();
  }
}
