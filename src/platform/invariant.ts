/**
 * Checks of what the code relies on. Both sides of every thread boundary call `invariant`, so that a broken
 * rule is seen where it is broken. Any thread may call it.
 *
 * The checks are active in tests and with CORE=verify. Each thread reads that once, from its environment,
 * when this module is loaded. Otherwise `invariant` is a call that tests a constant. That is nearly free, but
 * not in code that every request runs several times: src/runtime/memory/open.ts shows the way there.
 */

const { CORE, VITEST } = process.env;

/** Guards a check whose condition costs something by itself: an atomic access, a loop, a book kept for it. */
export const checksInvariants: boolean = CORE === 'verify' || VITEST === 'true';

/** A bug of the program, never the fault of a client or of the application. */
export class InvariantError extends Error {
  readonly code = 'ERR_INVARIANT';
  override readonly name = 'InvariantError';
}

/**
 * @param rule what must hold, as a sentence. A constant, so that a check that holds costs no string
 * @throws InvariantError when the checks are active and the condition does not hold
 */
export function invariant(condition: boolean, rule: string): void {
  if (checksInvariants && !condition) throw new InvariantError(rule);
}
