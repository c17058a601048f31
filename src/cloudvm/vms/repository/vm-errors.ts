/**
 * Why the VM repository refuses what it was asked for, each with a stable `code`. vm-problems.ts turns them
 * into answers.
 */

/** The cursor was not made by this list, or not for this sort order. */
export class InvalidCursorError extends Error {
  readonly code = 'INVALID_CURSOR';
  override readonly name = 'InvalidCursorError';

  constructor() {
    super('the cursor was not issued for this list and sort order');
  }
}

/** The VM has changed since the version that the client names (If-Match). */
export class VersionMismatchError extends Error {
  readonly code = 'VERSION_MISMATCH';
  override readonly name = 'VersionMismatchError';
  readonly currentVersion: number;

  constructor(currentVersion: number) {
    super(`the current version is ${currentVersion}`);
    this.currentVersion = currentVersion;
  }
}

/** The VM's status does not allow it. */
export class StatusConflictError extends Error {
  readonly code = 'STATUS_CONFLICT';
  override readonly name = 'StatusConflictError';
  readonly status: string;

  constructor(status: string) {
    super(`not possible while the status is ${status}`);
    this.status = status;
  }
}

/** The Idempotency-Key was used before, for a request with another body. */
export class IdempotencyKeyReusedError extends Error {
  readonly code = 'IDEMPOTENCY_KEY_REUSED';
  override readonly name = 'IdempotencyKeyReusedError';

  constructor() {
    super('this idempotency key belongs to a request with another body');
  }
}
