/**
 * Changes a password once for each request, although a request with an Idempotency-Key may come again. The
 * key is written with the new password, so one write decides.
 */
import type { HttpProblem, Request } from '../../runtime/application.ts';
import { problem } from '../contract/problem.ts';
import { KeyReusedError } from '../idempotency/key-errors.ts';
import type { PasswordChangeBody } from './account-schema.ts';
import type { AccountServices } from './account-services.ts';
import { originOf, type PasswordChecks } from './password-checks.ts';
import { subjectOf, userIdOf, withdrawalOf } from './tokens/require-user.ts';
import { invalidToken } from './tokens/unauthorized.ts';
import { isRemembered, type PasswordKey, passwordKey, withPasswordKey } from './users/account-keys.ts';
import type { User, UserWithPassword } from './users/user-repository.ts';

export interface ChangedPassword {
  readonly user: User;
  /** By an earlier request. */
  readonly isReplayed: boolean;
}

export class PasswordChange {
  readonly #services: AccountServices;
  readonly #checks: PasswordChecks;

  constructor(services: AccountServices, checks: PasswordChecks) {
    this.#services = services;
    this.#checks = checks;
  }

  /** @throws HttpProblem, KeyReusedError, and as the checks of passwords */
  async change(
    request: Request,
    body: PasswordChangeBody,
    key: string | undefined,
  ): Promise<ChangedPassword> {
    const digest = key === undefined ? undefined : passwordKey(userIdOf(request), key);
    const earlier = await this.#findEarlier(request, body.newPassword, digest);
    if (earlier !== undefined) return { user: earlier, isReplayed: true };
    const user = await this.#changeNow(request, body, digest);
    if (user !== undefined) return { user, isReplayed: false };
    // Another request has changed it since. If it was not this one, the password is not the current one.
    const simultaneous = await this.#findEarlier(request, body.newPassword, digest);
    if (simultaneous === undefined) throw wrongPassword();
    return { user: simultaneous, isReplayed: true };
  }

  /**
   * Checks the password of the user of a token. Whoever has got hold of a token could guess, so guesses count
   * as failed logins do.
   * @throws HttpProblem, LoginThrottledError, HashingLineFullError
   */
  async confirm(request: Request, password: string): Promise<UserWithPassword> {
    const found = await this.#services.users.findWithPassword(userIdOf(request));
    if (found === undefined) throw userHasGone();
    const find = async () => found;
    const { user } = await this.#checks.check(request, { email: found.email, password, find });
    if (user === undefined) throw wrongPassword();
    return user;
  }

  /** @returns undefined if another request was quicker */
  async #changeNow(
    request: Request,
    { currentPassword, newPassword }: PasswordChangeBody,
    digest: string | undefined,
  ): Promise<User | undefined> {
    const { users, passwords, loginLog } = this.#services;
    const withdrawal = withdrawalOf(request);
    if (withdrawal !== undefined) throw withdrawal;
    const confirmed = await this.confirm(request, currentPassword);
    const { id, email, passwordHash: current, tokenVersion } = confirmed;
    const client = { flow: id, isKnown: true, signal: request.signal };
    const passwordHash = await passwords.hash(newPassword, client);
    const key = digest === undefined ? undefined : { digest, tokenVersion, at: new Date() };
    const passwordKeys = key && withPasswordKey(confirmed.passwordKeys, key);
    const user = await users.changePassword(id, { current, passwordHash, passwordKeys });
    if (user !== undefined) loginLog.passwordChanged(originOf(request, email));
    return user;
  }

  /**
   * The user whose password an earlier request with this key has changed. The new password is checked, since
   * the one before is gone. So is the token of the request, if that is the one with which it was changed.
   * @throws KeyReusedError if it is another new password, or not the latest one. Then 401 for a token that is
   * withdrawn
   */
  async #findEarlier(
    request: Request,
    newPassword: string,
    digest: string | undefined,
  ): Promise<User | undefined> {
    if (digest === undefined) return undefined;
    const found = await this.#services.users.findWithPassword(userIdOf(request));
    const known = found?.passwordKeys.find((key) => key.digest === digest && isRemembered(key.at));
    if (found === undefined || known === undefined) return undefined;
    const withdrawal = withdrawalOf(request);
    if (withdrawal !== undefined && subjectOf(request).version !== known.tokenVersion) throw withdrawal;
    if (!isLatest(known, found)) throw withdrawal ?? new KeyReusedError();
    const find = async () => found;
    const check = { email: found.email, password: newPassword, find };
    const { user } = await this.#checks.check(request, check);
    if (user === undefined) throw withdrawal ?? new KeyReusedError();
    return user;
  }
}

/** The password has not been changed again since. */
function isLatest(key: PasswordKey, user: User): boolean {
  return user.tokenVersion === key.tokenVersion + 1;
}

/** Since the request has begun. */
export function userHasGone(): HttpProblem {
  return invalidToken('The user of the token does not exist.');
}

/** Not 401, because the token is valid, and a client would give it up. */
export function wrongPassword(): HttpProblem {
  return problem('wrong-password', 'The password is wrong.');
}
