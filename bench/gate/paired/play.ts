/** Plays matches within a time, and makes checks of them. */

import type { Random } from '../../laboratory/random.ts';
import type { Check } from '../check.ts';
import { type Decision, type Found, LEAST_ROUNDS, type RatioPromise, ratiosFound } from './judge.ts';
import type { Contest, Match } from './match.ts';
import { takeRound } from './round.ts';
import { type Sampled, sample } from './sampling.ts';

export interface PlayOptions {
  /** For all matches together. What one match leaves, the next ones may use. */
  readonly seconds: number;
  readonly blockSeconds: number;
  readonly random: Random;
  readonly progress: (line: string) => void;
}

export async function play(matches: readonly Match[], options: PlayOptions): Promise<Check[]> {
  const end = performance.now() + options.seconds * 1000;
  const checks: Check[] = [];
  let contestsLeft = matches.reduce((sum, { contests }) => sum + contests.length, 0);
  for (const match of matches) {
    const now = performance.now();
    const share = ((end - now) / contestsLeft) * match.contests.length;
    contestsLeft -= match.contests.length;
    checks.push(...(await playMatch(match, now + share, options)));
  }
  return checks;
}

async function playMatch(
  match: Match,
  end: number,
  { blockSeconds, random, progress }: PlayOptions,
): Promise<Check[]> {
  const { group, contests } = match;
  progress(group);
  const why = await reasonAgainst(match);
  if (why !== undefined) return contests.flatMap((contest) => skippedChecks(group, contest, why));
  // Two warm-ups and four blocks. Later rounds are known by the longest before.
  let roundMs = contests.length * 6 * blockSeconds * 1000;
  const sampled = await sample({
    contests,
    takeRound: async (open) => {
      const start = performance.now();
      const rounds = await takeRound(match, open, { blockSeconds, random });
      roundMs = Math.max(roundMs, performance.now() - start);
      return rounds;
    },
    hasTime: () => performance.now() + roundMs <= end,
    progress: (found) => progress(`  ${progressOf(found)}`),
  });
  return sampled.flatMap((found) => checksOf(group, found));
}

async function reasonAgainst(match: Match): Promise<string | undefined> {
  if (match.whyNot === undefined) return undefined;
  await using resources = new AsyncDisposableStack();
  return await match.whyNot(await match.start(resources));
}

const METRICS: Readonly<Record<RatioPromise['metric'], string>> = {
  requestsPerSecond: 'requests per second',
  cpuPerRequest: 'CPU time per request',
};

function skippedChecks(group: string, contest: Contest, why: string): Check[] {
  const decisions = contest.promises.map(() => 'skipped' as const);
  return checksOf(group, { contest, decisions, rounds: [] }).map((check) => ({ ...check, found: why }));
}

function checksOf(group: string, { contest, decisions, rounds }: Sampled<Contest>): Check[] {
  return contest.promises.map((promise, index): Check => {
    const { metric, limit, because } = promise;
    const outcome = decisions[index] ?? 'undecided';
    const found = ratiosFound(promise, rounds);
    return {
      group,
      name: `${contest.name}: ${METRICS[metric]}`,
      outcome,
      found: found === undefined ? nothingFound(outcome) : foundIn(rounds.length, found),
      promise: `${metric === 'requestsPerSecond' ? 'at least' : 'at most'} × ${limit}`,
      because,
      data: { metric, limit, ...found?.estimate, byRounds: found?.byRounds, rounds },
    };
  });
}

function nothingFound(decision: Decision): string {
  return decision === 'skipped' ? 'this system does not tell the CPU time of threads' : 'no time for a round';
}

function foundIn(rounds: number, { estimate, byRounds }: Found): string {
  const range = `× ${rangeOf(estimate.median, estimate)}`;
  if (byRounds === undefined) return `${range}, ${rounds} of ${LEAST_ROUNDS} rounds that a decision needs`;
  return `${range}, ${rounds} rounds: × ${rangeOf(byRounds.mean, byRounds)}`;
}

function progressOf({ contest, decisions, rounds }: Sampled<Contest>): string {
  const found = contest.promises.map((promise, index) => {
    const estimate = ratiosFound(promise, rounds)?.estimate;
    const range = estimate === undefined ? '?' : rangeOf(estimate.median, estimate);
    return `${METRICS[promise.metric]} × ${range} ${decisions[index]}`;
  });
  return `${contest.name}, round ${rounds.length}: ${found.join(', ')}`;
}

function rangeOf(middle: number, { low, high }: { readonly low: number; readonly high: number }): string {
  return `${middle.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`;
}
