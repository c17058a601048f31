/**
 * Why the VM repository refuses what it was asked for, each with a stable `code`. vm-problems.ts turns them
 * into answers.
 */
import { MAX_TAGS, type VmStatus } from '../vm.ts';

/** A VM has as many tags as it may have, and none of them has the key. */
export class TooManyTagsError extends Error {
  readonly code = 'TOO_MANY_TAGS';
  override readonly name = 'TooManyTagsError';

  constructor() {
    super(`a VM has at most ${MAX_TAGS} tags`);
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
  readonly status: VmStatus;

  constructor(status: VmStatus) {
    super(`not possible while the status is ${status}`);
    this.status = status;
  }
}
