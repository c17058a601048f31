/**
 * Checks of the rules that the code relies on. Both sides of every thread boundary call `invariant`, so that
 * a broken rule shows where it is broken. Any thread may call it.
 *
 * The checks are active in tests and with CORE=verify. Each thread reads that once, from its environment,
 * when this module is loaded. Otherwise `invariant` only tests a constant, which is nearly free. Code that
 * every request runs several times cannot afford even that. src/runtime/memory/open.ts shows what to do
 * there.
 */

const { CORE, VITEST } = process.env;

/**
 * Guards a check whose condition is expensive: an atomic access, a loop, or state that only the check needs.
 */
export const checksInvariants: boolean = CORE === 'verify' || VITEST === 'true';

/** A bug of the program, never the fault of a client or of the application. */
export class InvariantError extends Error {
  readonly code = 'ERR_INVARIANT';
  override readonly name = 'InvariantError';
}

/**
 * @param rule what must hold, as a sentence. It is a constant, so that a check that passes makes no string
 * @throws InvariantError when the checks are active and the condition does not hold
 */
export function invariant(condition: boolean, rule: string): void {
  if (checksInvariants && !condition) throw new InvariantError(rule);
}
