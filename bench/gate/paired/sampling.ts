/** Takes rounds until every promise is decided or the time is up. */

import type { Round } from './block.ts';
import { type Decision, decide, type RatioPromise } from './judge.ts';

export interface SamplingOptions<Contest> {
  readonly contests: readonly Contest[];
  /** Takes a round of each of these contests, which are undecided. */
  takeRound(contests: readonly Contest[]): Promise<readonly Round[]>;
  /** Whether there is time for another round. */
  hasTime(): boolean;
  /** Told after each round. */
  readonly progress?: (sampled: Sampled<Contest>) => void;
}

export interface Sampled<Contest> {
  readonly contest: Contest;
  /** About each of its promises. */
  readonly decisions: readonly Decision[];
  readonly rounds: readonly Round[];
}

/** @returns what was found in each contest, in their order */
export async function sample<Contest extends { readonly promises: readonly RatioPromise[] }>(
  options: SamplingOptions<Contest>,
): Promise<Sampled<Contest>[]> {
  const all = options.contests.map((contest): Sampled<Contest> => judged(contest, []));
  for (let open = all; open.length > 0 && options.hasTime(); open = all.filter(isUndecided)) {
    const taken = await options.takeRound(open.map(({ contest }) => contest));
    for (const [index, before] of open.entries()) {
      const round = taken[index];
      if (round === undefined) throw new Error(`round ${index} of ${open.length} was not taken`);
      const now = judged(before.contest, [...before.rounds, round]);
      all[all.indexOf(before)] = now;
      options.progress?.(now);
    }
  }
  return all;
}

function judged<Contest extends { readonly promises: readonly RatioPromise[] }>(
  contest: Contest,
  rounds: readonly Round[],
): Sampled<Contest> {
  return { contest, rounds, decisions: contest.promises.map((promise) => decide(promise, rounds)) };
}

function isUndecided({ decisions }: Sampled<unknown>): boolean {
  return decisions.includes('undecided');
}
