/**
 * Answers the requests about accounts: register, log in, read the own account. Runs in worker threads. The
 * costly part, hashing a password, runs on libuv's pool within the bounds that Passwords keeps.
 */

import type { Request, Response } from '../../runtime/application.ts';
import type { EndpointHandler } from '../contract/endpoint.ts';
import type { getAccount, login, register } from './account-endpoints.ts';
import type { SessionAnswer, UserAnswer } from './account-schema.ts';
import type { AccountServices } from './account-services.ts';
import { networkOf } from './logins/address-network.ts';
import type { HashingClient } from './passwords/passwords.ts';
import { userIdOf } from './tokens/require-user.ts';
import { invalidToken, wrongCredentials } from './tokens/unauthorized.ts';
import { AlreadyTakenError, type User } from './users/user-repository.ts';

export class AccountController {
  readonly #services: AccountServices;

  constructor(services: AccountServices) {
    this.#services = services;
  }

  readonly register: EndpointHandler<typeof register> = async (request, response, { body }) => {
    const { email, username, password } = body;
    const { users, passwords } = this.#services;
    // Looked up first, because the hash costs a thousand times as much. The unique index has the last word.
    if ((await users.findByEmail(email)) !== undefined) throw new AlreadyTakenError(['email']);
    const passwordHash = await passwords.hash(password, clientOf(request));
    const user = await users.create({ email, username, passwordHash });
    response.status(201).header('Location', '/api/auth/me');
    this.#answerWithSession(response, user);
  };

  readonly login: EndpointHandler<typeof login> = async (request, response, { body }) => {
    const { email, password } = body;
    const { users, passwords, throttle } = this.#services;
    await using attempt = await throttle.begin({ email, remoteAddress: request.remoteAddress });
    const user = await users.findByEmail(email);
    const isRight = await passwords.verify(password, user?.passwordHash, clientOf(request));
    if (user === undefined || !isRight) {
      attempt.fail();
      throw wrongCredentials();
    }
    await attempt.succeed();
    this.#answerWithSession(response, user);
  };

  readonly read: EndpointHandler<typeof getAccount> = async (request, response) => {
    const user = await this.#services.users.findById(userIdOf(request));
    if (user === undefined) throw invalidToken('The user of the token does not exist.');
    response.json(toAnswer(user));
  };

  #answerWithSession(response: Response, user: User): void {
    const session: SessionAnswer = { token: this.#services.tokens.issue(user.id), user: toAnswer(user) };
    // No cache may keep a token (RFC 6750, section 5.3).
    response.header('Cache-Control', 'no-store').json(session);
  }
}

function clientOf(request: Request): HashingClient {
  return { network: networkOf(request.remoteAddress), signal: request.signal };
}

/** Only these fields ever leave. A user also has a password hash. */
function toAnswer({ id, email, username }: User): UserAnswer {
  return { id, email, username };
}
