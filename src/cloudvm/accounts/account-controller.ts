/**
 * Registering, logging in, and who one is. Runs in worker threads; the costly part, hashing a password, runs
 * on libuv's pool within the bounds that Passwords keeps.
 */

import { HttpProblem, type Request, type Response } from '../../runtime/application.ts';
import { DuplicateKeyError } from '../database/errors.ts';
import type { ServicesOf } from '../services.ts';
import { readBody } from '../validation/body.ts';
import { login, registration, type SessionAnswer, type UserAnswer } from './account-schema.ts';
import { invalidToken } from './authenticate.ts';
import { networkOf } from './logins/address-network.ts';
import type { HashingClient } from './passwords/passwords.ts';
import { userIdOf } from './require-user.ts';
import type { User } from './user-repository.ts';

export class AuthenticationController {
  readonly #services: ServicesOf;

  constructor(services: ServicesOf) {
    this.#services = services;
  }

  readonly register = async (request: Request, response: Response): Promise<void> => {
    const { email, username, password } = readBody(request, registration);
    const { users, passwords } = this.#services();
    // Asked before the hash, which is a thousand times as expensive; the unique index decides in the end.
    if ((await users.findByEmail(email)) !== undefined) throw new DuplicateKeyError(['email']);
    const passwordHash = await passwords.hash(password, clientOf(request));
    const user = await users.create({ email, username, passwordHash });
    response.status(201).header('Location', '/api/auth/me');
    this.#answerWithSession(response, user);
  };

  readonly login = async (request: Request, response: Response): Promise<void> => {
    const { email, password } = readBody(request, login);
    const { users, passwords, throttle } = this.#services();
    await using attempt = await throttle.begin({ email, remoteAddress: request.remoteAddress });
    const user = await users.findByEmail(email);
    const isRight = await passwords.verify(password, user?.passwordHash, clientOf(request));
    if (user === undefined || !isRight) {
      attempt.fail();
      throw new HttpProblem(401, 'The e-mail address or the password is wrong.', {
        headers: { 'WWW-Authenticate': 'Bearer realm="cloudvm"' },
      });
    }
    await attempt.succeed();
    this.#answerWithSession(response, user);
  };

  readonly me = async (request: Request, response: Response): Promise<void> => {
    const user = await this.#services().users.findById(userIdOf(request));
    if (user === undefined) throw invalidToken('The user of the token does not exist.');
    response.json(toAnswer(user));
  };

  #answerWithSession(response: Response, user: User): void {
    const session: SessionAnswer = { token: this.#services().tokens.issue(user.id), user: toAnswer(user) };
    // What holds a token is kept nowhere on its way (RFC 6750, section 5.3).
    response.header('Cache-Control', 'no-store').json(session);
  }
}

function clientOf(request: Request): HashingClient {
  return { network: networkOf(request.remoteAddress), signal: request.signal };
}

/** Nothing but these fields ever leaves: a user also has a password's hash. */
function toAnswer({ id, email, username }: User): UserAnswer {
  return { id, email, username };
}
