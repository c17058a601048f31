/** Why a request with an Idempotency-Key is refused because of the key. */

/** The key belongs to another request. */
export class KeyReusedError extends Error {
  readonly code = 'IDEMPOTENCY_KEY_REUSED';
  override readonly name = 'KeyReusedError';

  constructor() {
    super('this idempotency key belongs to another request');
  }
}

/** A request with the key is under way, or has died a moment ago. */
export class KeyInUseError extends Error {
  readonly code = 'IDEMPOTENCY_KEY_IN_USE';
  override readonly name = 'KeyInUseError';
  readonly retryAfterSeconds: number;

  constructor(retryAfterMs: number) {
    super('a request with this idempotency key is under way');
    this.retryAfterSeconds = Math.max(1, Math.ceil(retryAfterMs / 1000));
  }
}

/** As many keys of the user are remembered as the limit allows. */
export class TooManyKeysError extends Error {
  readonly code = 'TOO_MANY_IDEMPOTENCY_KEYS';
  override readonly name = 'TooManyKeysError';
  readonly max: number;
  readonly retryAfterSeconds: number;

  /** @param nextExpiry when the first of them is forgotten */
  constructor(max: number, nextExpiry: Date) {
    super(`at most ${max} idempotency keys of a user are remembered`);
    this.max = max;
    this.retryAfterSeconds = Math.max(1, Math.ceil((nextExpiry.getTime() - Date.now()) / 1000));
  }
}
