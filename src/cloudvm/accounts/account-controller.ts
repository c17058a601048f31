/**
 * Answers the requests about accounts: register, log in, and what users do with their own account. Runs in
 * worker threads. The costly part, hashing a password, runs on libuv's pool within the bounds that Passwords
 * keeps.
 */

import type { Request, Response } from '../../runtime/application.ts';
import type { EndpointHandler } from '../contract/endpoint.ts';
import { REPLAYED } from '../idempotency/answer.ts';
import { readIdempotencyKey } from '../idempotency/idempotency-key.ts';
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
import { DEVICE_COOKIE, DEVICE_TTL_SECONDS } from './logins/devices.ts';
import { PasswordChange, userHasGone, wrongPassword } from './password-change.ts';
import { originOf, PasswordChecks } from './password-checks.ts';
import { Registration } from './registration.ts';
import { subjectOf, userIdOf } from './tokens/require-user.ts';
import { wrongCredentials } from './tokens/unauthorized.ts';
import type { User } from './users/user-repository.ts';

export class AccountController {
  readonly #services: AccountServices;
  readonly #checks: PasswordChecks;
  readonly #registration: Registration;
  readonly #passwordChange: PasswordChange;

  constructor(services: AccountServices) {
    this.#services = services;
    this.#checks = new PasswordChecks(services);
    this.#registration = new Registration(services, this.#checks);
    this.#passwordChange = new PasswordChange(services, this.#checks);
  }

  readonly register: EndpointHandler<typeof register> = async (request, response, { body }) => {
    const key = readIdempotencyKey(request);
    const { user, isReplayed } = await this.#registration.register(request, body, key);
    if (isReplayed) response.header(REPLAYED, 'true');
    this.#setDevice(request, response, user);
    response.status(201).header('Location', '/api/auth/me');
    this.#answerWithSession(response, user);
  };

  readonly login: EndpointHandler<typeof login> = async (request, response, { body }) => {
    // Each login gives a token of its own, so there is nothing to remember.
    readIdempotencyKey(request);
    const find = () => this.#services.users.findByEmail(body.email);
    const { user, hasDevice } = await this.#checks.check(request, { ...body, find });
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
    const key = readIdempotencyKey(request);
    const { user, isReplayed } = await this.#passwordChange.change(request, body, key);
    this.#services.sessions.withdraw({ userId: user.id, version: user.tokenVersion });
    if (isReplayed) response.header(REPLAYED, 'true');
    this.#setDevice(request, response, user);
    this.#answerWithSession(response, user);
  };

  readonly delete: EndpointHandler<typeof deleteAccount> = async (request, response, { body }) => {
    const { users, sessions, loginLog } = this.#services;
    const { id, email, passwordHash } = await this.#passwordChange.confirm(request, body.password);
    if (!(await users.markDeleted(id, passwordHash))) throw wrongPassword();
    sessions.withdraw({ userId: id, version: undefined });
    loginLog.accountDeleted(originOf(request, email));
    this.#services.removeSoon();
    response.empty();
  };

  readonly renewToken: EndpointHandler<typeof renewToken> = async (request, response) => {
    // As for a login.
    readIdempotencyKey(request);
    const user = present(await this.#services.users.findById(userIdOf(request)));
    // The version is that of the request's token, which may have been withdrawn since it was checked.
    this.#answerWithSession(response, { ...user, tokenVersion: subjectOf(request).version });
  };

  /** For browsers. From now on nobody else's failures count for this one. */
  #setDevice(request: Request, response: Response, user: User): void {
    response.cookie(DEVICE_COOKIE, this.#services.throttle.issueDevice(user), {
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
  if (user === undefined) throw userHasGone();
  return user;
}

/** Only these fields ever leave. A user also has a password hash. */
function toAnswer({ id, email, username }: User): UserAnswer {
  return { id, email, username };
}
