/**
 * The services for accounts in one worker: users, passwords, tokens and the bound on failed logins. Opened
 * with the application's services (services.ts).
 */
import { prepareCollections } from '../database/collection.ts';
import type { DatabaseService } from '../database/database-service.ts';
import { LOGIN_FAILURES } from './logins/login-counts.ts';
import { LoginThrottle } from './logins/login-throttle.ts';
import { HashingSlots } from './passwords/hashing-slots.ts';
import { lineOf, Passwords } from './passwords/passwords.ts';
import type { Tokens } from './tokens/tokens.ts';
import { USERS } from './users/user-document.ts';
import { UserRepository } from './users/user-repository.ts';

export interface AccountServicesOptions {
  /** How many workers share the hashing slots of the process. */
  readonly workers: number;
  readonly tokens: Tokens;
}

/** Once per process. Idempotent. */
export async function prepareAccounts(database: DatabaseService): Promise<void> {
  await prepareCollections(database, [USERS, LOGIN_FAILURES]);
  await new LoginThrottle(database).prepare();
}

export class AccountServices {
  readonly users: UserRepository;
  readonly passwords: Passwords;
  readonly tokens: Tokens;
  readonly throttle: LoginThrottle;

  constructor(database: DatabaseService, { workers, tokens }: AccountServicesOptions) {
    this.users = new UserRepository(database);
    this.passwords = new Passwords({ slots: HashingSlots.open(), maxWaiting: lineOf(workers) });
    this.tokens = tokens;
    this.throttle = new LoginThrottle(database);
  }
}
