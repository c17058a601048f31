/**
 * What the client throws. Each kind has a code that stays the same, and no message contains a token, a
 * password or what was sent. If the caller's own signal ends a call, its reason is thrown instead.
 */

export type CloudVmErrorCode =
  | 'ERR_CLOUDVM_PROBLEM'
  | 'ERR_CLOUDVM_TIMEOUT'
  | 'ERR_CLOUDVM_NETWORK'
  | 'ERR_CLOUDVM_BAD_ANSWER'
  | 'ERR_CLOUDVM_OPERATION_FAILED'
  | 'ERR_CLOUDVM_USAGE';

export abstract class CloudVmError extends Error {
  abstract readonly code: CloudVmErrorCode;
}

/** What took too long: until the connection was there, the head of the answer, its end, or all together. */
export type TimeoutPhase = 'connect' | 'headers' | 'body' | 'total';

export class CloudVmTimeout extends CloudVmError {
  readonly code = 'ERR_CLOUDVM_TIMEOUT';
  override readonly name = 'CloudVmTimeout';
  readonly phase: TimeoutPhase;

  constructor(what: string, phase: TimeoutPhase, options?: ErrorOptions) {
    super(`${what} took too long (${phase})`, options);
    this.phase = phase;
  }
}

/** The connection could not be made, or broke. `cause` has the code of the system or of undici. */
export class CloudVmNetworkError extends CloudVmError {
  readonly code = 'ERR_CLOUDVM_NETWORK';
  override readonly name = 'CloudVmNetworkError';
}

/** The answer is not what the contract promises: malformed, too large, or without what it must have. */
export class CloudVmBadAnswer extends CloudVmError {
  readonly code = 'ERR_CLOUDVM_BAD_ANSWER';
  override readonly name = 'CloudVmBadAnswer';
}

/** The caller has made a mistake that the client sees without asking the server. */
export class CloudVmUsageError extends CloudVmError {
  readonly code = 'ERR_CLOUDVM_USAGE';
  override readonly name = 'CloudVmUsageError';
}
