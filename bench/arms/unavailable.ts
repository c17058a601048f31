/** This machine cannot run an arm. A run skips it, with the message. */
export class UnavailableError extends Error {
  readonly code = 'ERR_ARM_UNAVAILABLE';
  override readonly name = 'UnavailableError';
}
