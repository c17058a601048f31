/** One promise, held against what was found. All parts of the gate give checks, and reports show them. */

/**
 * - `pass` and `fail`: the promise is kept or broken, beyond what noise explains
 * - `undecided`: the time was up before noise could be told from a change
 * - `skipped`: this machine cannot measure it
 */
export type Outcome = 'pass' | 'fail' | 'undecided' | 'skipped';

export interface Check {
  /** Checks of one kind stand together in reports. */
  readonly group: string;
  readonly name: string;
  readonly outcome: Outcome;
  /** What was found, or why nothing was. */
  readonly found: string;
  readonly promise: string;
  /** Why the promise is as it is. */
  readonly because: string;
  /** The numbers behind it, for programs. */
  readonly data?: Readonly<Record<string, unknown>>;
}

export interface Verdict {
  readonly outcome: 'pass' | 'fail' | 'undecided';
  readonly checks: readonly Check[];
}

/** A promise that is broken outweighs everything. What is skipped does not count. */
export function verdictOf(checks: readonly Check[]): Verdict {
  const has = (outcome: Outcome) => checks.some((check) => check.outcome === outcome);
  if (has('fail')) return { outcome: 'fail', checks };
  return { outcome: has('undecided') ? 'undecided' : 'pass', checks };
}
