/** Plays matches within a time, and makes checks of them. */

import type { Random } from '../../laboratory/random.ts';
import type { Estimate } from '../../laboratory/results.ts';
import type { Check } from '../check.ts';
import type { Judgement, RatioPromise } from './judge.ts';
import type { Arms, Contest, Match } from './match.ts';
import { measureBlock } from './measure-block.ts';
import { type Sampled, sample } from './sampling.ts';

export interface PlayOptions {
  /** For all matches together. What one contest leaves, the next ones may use. */
  readonly seconds: number;
  readonly blockSeconds: number;
  readonly warmUpSeconds: number;
  readonly random: Random;
  readonly progress: (line: string) => void;
}

export async function play(matches: readonly Match[], options: PlayOptions): Promise<Check[]> {
  const end = performance.now() + options.seconds * 1000;
  const checks: Check[] = [];
  let contestsLeft = matches.reduce((sum, { contests }) => sum + contests.length, 0);
  for (const match of matches) {
    await using resources = new AsyncDisposableStack();
    const arms = await match.start(resources);
    const why = await match.whyNot?.(arms);
    for (const contest of match.contests) {
      const share = (end - performance.now()) / contestsLeft;
      contestsLeft -= 1;
      if (why !== undefined) checks.push(...skippedChecks(match, contest, why));
      else checks.push(...(await playContest(match, contest, arms, performance.now() + share, options)));
    }
  }
  return checks;
}

async function playContest(
  { group }: Match,
  contest: Contest,
  arms: Arms,
  end: number,
  { blockSeconds, warmUpSeconds, random, progress }: PlayOptions,
): Promise<Check[]> {
  const { name, load, promises } = contest;
  progress(`${group}: ${name}`);
  for (const arm of [arms.a, arms.b]) await measureBlock(arm, load, warmUpSeconds);
  const sampled = await sample({
    promises,
    measure: (side) => measureBlock(arms[side], load, blockSeconds),
    isTimeUp: () => performance.now() + 4 * blockSeconds * 1000 > end,
    random,
    progress: (judgements, pairs) => progress(`  ${pairs} pairs: ${judgements.map(progressOf).join(', ')}`),
  });
  return sampled.judgements.map((judgement) => toCheck(group, name, judgement, sampled));
}

const METRICS: Readonly<Record<RatioPromise['metric'], string>> = {
  requestsPerSecond: 'requests per second',
  cpuPerRequest: 'CPU time per request',
};

function skippedChecks({ group }: Match, { name, promises }: Contest, why: string): Check[] {
  return promises.map((promise) => {
    const check = toCheck(group, name, { promise, decision: 'skipped' }, { judgements: [], pairs: [] });
    return { ...check, found: why };
  });
}

function toCheck(
  group: string,
  name: string,
  { promise, decision, estimate }: Judgement,
  { pairs }: Sampled,
): Check {
  const { metric, limit, because } = promise;
  const atLeast = metric === 'requestsPerSecond' ? 'at least' : 'at most';
  return {
    group,
    name: `${name}: ${METRICS[metric]}`,
    outcome: decision,
    found: estimate === undefined ? noEstimate(decision) : `× ${rangeOf(estimate)}, ${pairs.length} pairs`,
    promise: `${atLeast} × ${limit}`,
    because,
    data: { metric, limit, ...estimate, pairs },
  };
}

function noEstimate(decision: Judgement['decision']): string {
  return decision === 'skipped' ? 'this system does not tell the CPU time of threads' : 'no time for a pair';
}

function progressOf({ promise, decision, estimate }: Judgement): string {
  return `${METRICS[promise.metric]} × ${estimate === undefined ? '?' : rangeOf(estimate)} ${decision}`;
}

function rangeOf({ median, low, high }: Estimate): string {
  return `${median.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`;
}
