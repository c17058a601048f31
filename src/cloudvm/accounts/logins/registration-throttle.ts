/**
 * Bounds the registrations of one network within an hour, whatever comes of them. So nobody makes accounts by
 * the thousand, or finds out by trying which e-mail addresses have one. Counted in the database, as failed
 * logins are.
 */
import { createHash } from 'node:crypto';
import type { DatabaseService } from '../../database/database-service.ts';
import { networkOf } from './address-network.ts';
import { LoginCounts } from './login-counts.ts';

const WINDOW_MS = 60 * 60 * 1000;

/** One network has registered too often. */
export class RegistrationThrottledError extends Error {
  readonly code = 'REGISTRATION_THROTTLED';
  override readonly name = 'RegistrationThrottledError';
  readonly retryAfterSeconds: number;

  constructor(end: Date) {
    super('too many registrations');
    this.retryAfterSeconds = Math.max(1, Math.ceil((end.getTime() - Date.now()) / 1000));
  }
}

export class RegistrationThrottle {
  readonly #counts: LoginCounts;
  readonly #limit: number;

  constructor(service: DatabaseService, limit: number) {
    this.#counts = new LoginCounts(service);
    this.#limit = limit;
  }

  /** @throws RegistrationThrottledError, DatabaseError */
  async begin(remoteAddress: string): Promise<void> {
    const key = createHash('sha256')
      .update(JSON.stringify(['registrations', networkOf(remoteAddress)]))
      .digest('base64url');
    const end = await this.#counts.add(key, this.#limit, WINDOW_MS);
    if (end !== undefined) throw new RegistrationThrottledError(end);
  }
}
