/**
 * Answers the requests about accounts: register, log in, and what users do with their own account. Runs in
 * worker threads. The costly part, hashing a password, runs on libuv's pool within the bounds that Passwords
 * keeps.
 */

import type { Request, Response } from '../../runtime/application.ts';
import type { EndpointHandler } from '../contract/endpoint.ts';
import { problem } from '../contract/problem.ts';
import type {
  changePassword,
  deleteAccount,
  getAccount,
  login,
  register,
  renewToken,
  updateAccount,
} from './account-endpoints.ts';
import type { SessionAnswer, UserAnswer } from './account-schema.ts';
import type { AccountServices } from './account-services.ts';
import { networkOf } from './logins/address-network.ts';
import { DEVICE_COOKIE, DEVICE_TTL_SECONDS } from './logins/devices.ts';
import type { AccountClient } from './logins/login-log.ts';
import type { LoginAttempt, LoginOrigin } from './logins/login-throttle.ts';
import type { PasswordClient } from './passwords/passwords.ts';
import { subjectOf, userIdOf } from './tokens/require-user.ts';
import { invalidToken, wrongCredentials } from './tokens/unauthorized.ts';
import type { User, UserWithPassword } from './users/user-repository.ts';

interface PasswordCheck {
  readonly request: Request;
  readonly password: string;
  readonly find: () => Promise<UserWithPassword | undefined>;
}

interface CheckedPassword {
  readonly user: UserWithPassword | undefined;
  /** The client has shown a cookie of its device. */
  readonly hasDevice: boolean;
}

export class AccountController {
  readonly #services: AccountServices;

  constructor(services: AccountServices) {
    this.#services = services;
  }

  readonly register: EndpointHandler<typeof register> = async (request, response, { body }) => {
    const { email, username, password } = body;
    const { users, passwords, throttle, registrations } = this.#services;
    const origin = originOf(request, email);
    const passwordHash = await this.#logRefusal(origin, async () => {
      await registrations.begin(origin.remoteAddress);
      return await passwords.hash(password, clientOf(request));
    });
    // Only now, so that a taken address costs as much as a free one.
    const user = await users.create({ email, username, passwordHash });
    await throttle.remember(user.id, origin.remoteAddress);
    this.#setDevice(request, response, user);
    response.status(201).header('Location', '/api/auth/me');
    this.#answerWithSession(response, user);
  };

  readonly login: EndpointHandler<typeof login> = async (request, response, { body }) => {
    const { email, password } = body;
    const find = () => this.#services.users.findByEmail(email);
    const { user, hasDevice } = await this.#checkPassword(originOf(request, email), {
      request,
      password,
      find,
    });
    if (user === undefined) throw wrongCredentials();
    if (!hasDevice) this.#setDevice(request, response, user);
    this.#answerWithSession(response, user);
  };

  readonly read: EndpointHandler<typeof getAccount> = async (request, response) => {
    const user = await this.#services.users.findById(userIdOf(request));
    response.json(toAnswer(present(user)));
  };

  readonly change: EndpointHandler<typeof updateAccount> = async (request, response, { body }) => {
    const user = present(await this.#services.users.change(userIdOf(request), body));
    response.json(toAnswer(user));
  };

  readonly changePassword: EndpointHandler<typeof changePassword> = async (request, response, { body }) => {
    const { users, passwords, sessions, loginLog } = this.#services;
    const { id, email, passwordHash } = await this.#confirm(request, body.currentPassword);
    const client = { flow: id, isKnown: true, signal: request.signal };
    const newHash = await passwords.hash(body.newPassword, client);
    const user = await users.changePassword(id, passwordHash, newHash);
    // Another request has changed it since, so the password is not the current one any more.
    if (user === undefined) throw wrongPassword();
    sessions.withdraw({ userId: id, version: user.tokenVersion });
    loginLog.passwordChanged(originOf(request, email));
    this.#answerWithSession(response, user);
  };

  readonly delete: EndpointHandler<typeof deleteAccount> = async (request, response, { body }) => {
    const { users, sessions, loginLog } = this.#services;
    const { id, email, passwordHash } = await this.#confirm(request, body.password);
    if (!(await users.markDeleted(id, passwordHash))) throw wrongPassword();
    sessions.withdraw({ userId: id, version: undefined });
    loginLog.accountDeleted(originOf(request, email));
    this.#services.removeSoon();
    response.empty();
  };

  readonly renewToken: EndpointHandler<typeof renewToken> = async (request, response) => {
    const user = present(await this.#services.users.findById(userIdOf(request)));
    // The version is that of the request's token, which may have been withdrawn since it was checked.
    this.#answerWithSession(response, { ...user, tokenVersion: subjectOf(request).version });
  };

  /**
   * Checks the password of the user of a token. Whoever has got hold of a token could guess, so guesses count
   * as failed logins do.
   * @throws HttpProblem, LoginThrottledError, HashingLineFullError
   */
  async #confirm(request: Request, password: string): Promise<UserWithPassword> {
    const found = present(await this.#services.users.findWithPassword(userIdOf(request)));
    const find = async () => found;
    const { user } = await this.#checkPassword(originOf(request, found.email), { request, password, find });
    if (user === undefined) throw wrongPassword();
    return user;
  }

  /**
   * Checks a password within all bounds, and logs what has failed.
   * @returns no user if there is none, or if the password is wrong
   * @throws LoginThrottledError, HashingLineFullError
   */
  #checkPassword(
    origin: LoginOrigin & AccountClient,
    { request, password, find }: PasswordCheck,
  ): Promise<CheckedPassword> {
    const { passwords, throttle, loginLog } = this.#services;
    return this.#logRefusal(origin, async () => {
      const user = await find();
      const attempt = await throttle.begin({ ...origin, userId: user?.id });
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

  async #logRefusal<T>(origin: AccountClient, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.#services.loginLog.refused(origin, error);
      throw error;
    }
  }

  /** For browsers. From now on nobody else's failures count for this one. */
  #setDevice(request: Request, response: Response, { id }: User): void {
    response.cookie(DEVICE_COOKIE, this.#services.throttle.issueDevice(id), {
      path: '/api/auth',
      maxAge: DEVICE_TTL_SECONDS,
      httpOnly: true,
      sameSite: 'strict',
      secure: request.protocol === 'https',
    });
  }

  #answerWithSession(response: Response, user: User): void {
    const { token, expiresAt } = this.#services.tokens.issue(user.id, user.tokenVersion);
    const session: SessionAnswer = {
      token,
      expiresAt: new Date(expiresAt * 1000).toISOString(),
      user: toAnswer(user),
    };
    // No cache may keep a token (RFC 6750, section 5.3).
    response.header('Cache-Control', 'no-store').json(session);
  }
}

/** @throws HttpProblem 401, since the user has gone while the request was under way */
function present<Found extends User>(user: Found | undefined): Found {
  if (user === undefined) throw invalidToken('The user of the token does not exist.');
  return user;
}

/** Not 401, because the token is valid, and a client would give it up. */
function wrongPassword() {
  return problem('wrong-password', 'The password is wrong.');
}

function originOf(request: Request, email: string): LoginOrigin & AccountClient {
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

/** Only these fields ever leave. A user also has a password hash. */
function toAnswer({ id, email, username }: User): UserAnswer {
  return { id, email, username };
}
