/**
 * Makes an account once for each request, although a request with an Idempotency-Key may come again. The key
 * is part of the account, so one insert decides.
 */
import type { Request } from '../../runtime/application.ts';
import { KeyReusedError } from '../idempotency/key-errors.ts';
import type { RegistrationBody } from './account-schema.ts';
import type { AccountServices } from './account-services.ts';
import { originOf, type PasswordChecks } from './password-checks.ts';
import { registrationKey } from './users/account-keys.ts';
import { AlreadyTakenError, type User } from './users/user-repository.ts';

export interface Registered {
  readonly user: User;
  /** By an earlier request. */
  readonly isReplayed: boolean;
}

export class Registration {
  readonly #services: AccountServices;
  readonly #checks: PasswordChecks;

  constructor(services: AccountServices, checks: PasswordChecks) {
    this.#services = services;
    this.#checks = checks;
  }

  /** @throws RegistrationThrottledError, AlreadyTakenError, and as the checks of passwords */
  async register(request: Request, body: RegistrationBody, key: string | undefined): Promise<Registered> {
    const origin = originOf(request, body.email);
    await this.#checks.logRefusal(origin, () => this.#services.registrations.begin(origin.remoteAddress));
    if (key === undefined) return { user: await this.#makeAccount(request, body), isReplayed: false };
    const digest = registrationKey(body, key);
    const earlier = await this.#findEarlier(request, body, digest);
    if (earlier !== undefined) return { user: earlier, isReplayed: true };
    try {
      return { user: await this.#makeAccount(request, body, digest), isReplayed: false };
    } catch (error) {
      if (!(error instanceof AlreadyTakenError)) throw error;
      // It may be the same request, sent twice at once.
      const simultaneous = await this.#findEarlier(request, body, digest);
      if (simultaneous === undefined) throw error;
      return { user: simultaneous, isReplayed: true };
    }
  }

  async #makeAccount(request: Request, body: RegistrationBody, digest?: string): Promise<User> {
    const { email, username, password } = body;
    const passwordHash = await this.#checks.hash(request, email, password);
    // Only now, so that a taken address costs as much as a free one.
    const user = await this.#services.users.create({
      email,
      username,
      passwordHash,
      registrationKey: digest,
    });
    await this.#services.throttle.remember(user.id, request.remoteAddress);
    return user;
  }

  /**
   * Whoever asks for the account that a key has made must know its password, as for a login, within the same
   * limits. Who does not know it waits for one hash and learns that the address is taken, as anybody does.
   * @throws AlreadyTakenError, KeyReusedError, and as the checks of passwords
   */
  async #findEarlier(request: Request, body: RegistrationBody, digest: string): Promise<User | undefined> {
    const { users } = this.#services;
    const found = await users.findRegistered(digest);
    if (found === undefined) return undefined;
    const find = async () => found;
    const check = { email: found.email, password: body.password, find };
    const { user } = await this.#checks.check(request, check);
    if (user !== undefined) return user;
    const taken = await users.taken(body);
    // The account may have another address and name by now.
    throw taken.length > 0 ? new AlreadyTakenError(taken) : new KeyReusedError();
  }
}
