/** Checks and hashes the passwords that requests bring, within all bounds, and logs what has failed. */
import type { Request } from '../../runtime/application.ts';
import type { AccountServices } from './account-services.ts';
import { networkOf } from './logins/address-network.ts';
import { DEVICE_COOKIE } from './logins/devices.ts';
import type { AccountClient } from './logins/login-log.ts';
import type { LoginAttempt, LoginOrigin } from './logins/login-throttle.ts';
import type { PasswordClient } from './passwords/passwords.ts';
import type { UserWithPassword } from './users/user-repository.ts';

export interface PasswordCheck {
  /** Of the account, whether it exists or not. */
  readonly email: string;
  readonly password: string;
  readonly find: () => Promise<UserWithPassword | undefined>;
}

export interface CheckedPassword {
  readonly user: UserWithPassword | undefined;
  /** The client has shown a cookie of its device. */
  readonly hasDevice: boolean;
}

export class PasswordChecks {
  readonly #services: AccountServices;

  constructor(services: AccountServices) {
    this.#services = services;
  }

  /**
   * @returns no user if there is none, or if the password is wrong
   * @throws LoginThrottledError, HashingLineFullError
   */
  check(request: Request, { email, password, find }: PasswordCheck): Promise<CheckedPassword> {
    const { passwords, throttle, loginLog } = this.#services;
    const origin = originOf(request, email);
    return this.logRefusal(origin, async () => {
      const user = await find();
      const attempt = await throttle.begin({ ...origin, user });
      const isRight = await passwords.verify(password, user?.passwordHash, clientOf(request, attempt));
      const { hasDevice } = attempt;
      if (user !== undefined && isRight) {
        await attempt.succeed();
        return { user, hasDevice };
      }
      loginLog.failed(origin);
      await attempt.fail();
      return { user: undefined, hasDevice };
    });
  }

  /** Of somebody who is not known. @throws HashingLineFullError */
  hash(request: Request, email: string, password: string): Promise<string> {
    const { passwords } = this.#services;
    return this.logRefusal(originOf(request, email), () => passwords.hash(password, clientOf(request)));
  }

  async logRefusal<T>(client: AccountClient, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.#services.loginLog.refused(client, error);
      throw error;
    }
  }
}

export function originOf(request: Request, email: string): LoginOrigin & AccountClient {
  const { remoteAddress, identity } = request;
  return { email, remoteAddress, device: request.cookies[DEVICE_COOKIE], identity };
}

/** @param attempt to log in, if it is one */
function clientOf(request: Request, attempt?: LoginAttempt): PasswordClient {
  const { signal } = request;
  const network = networkOf(request.remoteAddress);
  if (attempt === undefined) return { flow: network, signal };
  const { isKnown, client } = attempt;
  return { flow: isKnown ? client : network, isKnown, signal, onTurn: () => attempt.checkAgain() };
}
