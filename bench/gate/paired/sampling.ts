/**
 * Takes pairs of blocks until every promise is decided or the time is up. The order within four blocks is
 * ABBA or BAAB, by chance. So a machine that becomes slower and slower is as slow for one arm as for the
 * other, and nothing that comes at regular times always meets the same arm.
 */
import type { Random } from '../../laboratory/random.ts';
import type { Block, Pair } from './block.ts';
import { type Judgement, judgePairs, LEAST_PAIRS, type RatioPromise } from './judge.ts';

export type Side = 'a' | 'b';

export interface SamplingOptions {
  readonly promises: readonly RatioPromise[];
  /** Takes one block. */
  measure(side: Side): Promise<Block>;
  /** Asked before each four blocks. */
  isTimeUp(): boolean;
  readonly random: Random;
  /** Told after each look. */
  readonly progress?: (judgements: readonly Judgement[], pairs: number) => void;
}

export interface Sampled {
  readonly judgements: readonly Judgement[];
  readonly pairs: readonly Pair[];
}

const ORDERS: readonly (readonly [Side, Side, Side, Side])[] = [
  ['a', 'b', 'b', 'a'],
  ['b', 'a', 'a', 'b'],
];

/**
 * Who looks often is sooner or later deceived by chance. So looks become rarer: each comes after half as many
 * pairs again. And a decision counts when two looks in a row agree on it.
 */
const GROWTH = 1.5;

export async function sample(options: SamplingOptions): Promise<Sampled> {
  const { promises, random, isTimeUp, progress } = options;
  const pairs: Pair[] = [];
  let seen: readonly Judgement[] = [];
  let judgements: readonly Judgement[] = promises.map((promise) => judgePairs(promise, pairs));
  for (let nextLook = LEAST_PAIRS; !isTimeUp(); ) {
    pairs.push(...(await fourBlocks(options, random() < 0.5 ? 0 : 1)));
    if (pairs.length < nextLook) continue;
    nextLook = Math.ceil(pairs.length * GROWTH);
    [seen, judgements] = look(promises, pairs, seen);
    progress?.(judgements, pairs.length);
    if (judgements.every(({ decision }) => decision !== 'undecided')) return { judgements, pairs };
  }
  if (pairs.length > 0) [, judgements] = look(promises, pairs, seen);
  return { judgements, pairs };
}

/** @returns what is seen now, and what counts of it beside what was seen before */
function look(
  promises: readonly RatioPromise[],
  pairs: readonly Pair[],
  before: readonly Judgement[],
): [seen: readonly Judgement[], judgements: readonly Judgement[]] {
  const seen = promises.map((promise) => judgePairs(promise, pairs));
  const judgements = seen.map((judgement, index) => {
    const isConfirmed = judgement.decision === 'skipped' || judgement.decision === before[index]?.decision;
    return isConfirmed ? judgement : { ...judgement, decision: 'undecided' as const };
  });
  return [seen, judgements];
}

async function fourBlocks({ measure }: SamplingOptions, which: 0 | 1): Promise<readonly Pair[]> {
  const blocks: Record<Side, Block[]> = { a: [], b: [] };
  for (const side of ORDERS[which] ?? []) blocks[side].push(await measure(side));
  return blocks.a.map((a, index) => ({ a, b: blocks.b[index] as Block }));
}
