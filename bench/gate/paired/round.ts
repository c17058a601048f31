/**
 * A round: both servers are started, warmed up and measured, and stopped. Two processes of one program settle
 * in different states and stay in them. Blocks of the same two processes would repeat that difference however
 * many they are. So each round starts both anew, and rounds are what a judgement counts (judge.ts).
 */
import type { Random } from '../../laboratory/random.ts';
import type { Block, Round } from './block.ts';
import type { Contest, Match } from './match.ts';
import { measureBlock, warmUp } from './measure-block.ts';

export type Side = 'a' | 'b';

export interface RoundOptions {
  readonly blockSeconds: number;
  readonly random: Random;
}

/**
 * A machine that becomes slower and slower is as slow for one arm as for the other in these orders. One of
 * them is taken by chance, so nothing that comes at regular times always meets the same arm.
 */
const ORDERS: readonly (readonly [Side, Side, Side, Side])[] = [
  ['a', 'b', 'b', 'a'],
  ['b', 'a', 'a', 'b'],
];

/**
 * @returns a round of each of the contests. @throws Error if a server does not start, or answers with an
 * error
 */
export async function takeRound(
  match: Match,
  contests: readonly Contest[],
  { blockSeconds, random }: RoundOptions,
): Promise<Round[]> {
  await using resources = new AsyncDisposableStack();
  const arms = await match.start(resources);
  const rounds: Round[] = [];
  for (const { load } of contests) {
    for (const arm of [arms.a, arms.b]) await warmUp(arm, load, blockSeconds);
    rounds.push(await fourBlocks(random, (side) => measureBlock(arms[side], load, blockSeconds)));
  }
  return rounds;
}

/** @param measure takes one block */
export async function fourBlocks(random: Random, measure: (side: Side) => Promise<Block>): Promise<Round> {
  const blocks: Record<Side, Block[]> = { a: [], b: [] };
  for (const side of ORDERS[random() < 0.5 ? 0 : 1] ?? []) blocks[side].push(await measure(side));
  return blocks.a.map((a, index) => ({ a, b: blocks.b[index] as Block }));
}
