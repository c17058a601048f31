/** The verdict as lines for a terminal. */
import type { Check, Outcome, Verdict } from '../check.ts';

const MARKS: Readonly<Record<Outcome, string>> = {
  pass: 'pass     ',
  fail: 'FAIL     ',
  undecided: 'undecided',
  skipped: 'skipped  ',
};

export function checkLine({ outcome, name, found, promise }: Check): string {
  const promised = outcome === 'skipped' ? '' : ` (${promise})`;
  return `${MARKS[outcome]}  ${name}: ${found}${promised}`;
}

export function verdictLine({ outcome, checks }: Verdict): string {
  const count = (wanted: Outcome) => checks.filter((check) => check.outcome === wanted).length;
  const counts = (['pass', 'fail', 'undecided', 'skipped'] as const).map((one) => `${count(one)} ${one}`);
  return `gate: ${outcome} (${counts.join(', ')})`;
}

/** What a person must know who looks at nothing else: each broken promise with its reason. */
export function brokenPromises({ checks }: Verdict): string[] {
  return checks
    .filter(({ outcome }) => outcome === 'fail')
    .map(
      ({ group, name, found, promise, because }) =>
        `broken: ${group}: ${name}: ${found}. Promised: ${promise}, since ${because}.`,
    );
}
