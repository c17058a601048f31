/** The comparison of two arms, on blocks that are made up. Recorded ones are in recorded.test.ts. */
import { describe, expect, test } from 'vitest';
import type { Block } from '../../../bench/gate/paired/block.ts';
import { judgePairs, LEAST_PAIRS, type RatioPromise } from '../../../bench/gate/paired/judge.ts';
import { type Side, sample } from '../../../bench/gate/paired/sampling.ts';
import { seededRandom } from '../../../bench/laboratory/random.ts';

const REQUESTS: RatioPromise = { metric: 'requestsPerSecond', limit: 0.95, because: 'of the test' };
const CPU: RatioPromise = { metric: 'cpuPerRequest', limit: 1.05, because: 'of the test' };

function block(requests: number, cpuSeconds?: number): Block {
  return { requests, seconds: 1, ...(cpuSeconds !== undefined && { cpuSeconds }) };
}

/** As many pairs as are needed, in which the first arm has these ratios in turn. */
function pairs(ratios: readonly number[], count = LEAST_PAIRS) {
  return Array.from({ length: count }, (_, index) => ({
    a: block(1000 * (ratios[index % ratios.length] as number), 0.5),
    b: block(1000, 0.5),
  }));
}

describe('a judgement', () => {
  test('passes if the whole interval keeps the promise', () => {
    expect(judgePairs(REQUESTS, pairs([0.97, 0.98, 1.02])).decision).toBe('pass');
  });

  test('fails if the whole interval breaks it', () => {
    expect(judgePairs(REQUESTS, pairs([0.9, 0.91, 0.89])).decision).toBe('fail');
  });

  test('is undecided if the interval does neither', () => {
    expect(judgePairs(REQUESTS, pairs([0.8, 1.1])).decision).toBe('undecided');
  });

  test('is undecided with few pairs, however clear they are', () => {
    expect(judgePairs(REQUESTS, pairs([0.5], LEAST_PAIRS - 1)).decision).toBe('undecided');
  });

  test('of CPU time divides it by the requests', () => {
    const more = pairs([1]).map(({ a, b }) => ({ a: { ...a, cpuSeconds: 0.56 }, b }));
    expect(judgePairs(CPU, more)).toMatchObject({ decision: 'fail', estimate: { median: 1.12 } });
    expect(judgePairs(CPU, pairs([1])).decision).toBe('pass');
  });

  test('of CPU time is skipped where the system does not tell it', () => {
    const unknown = pairs([1]).map(() => ({ a: block(1000), b: block(1000) }));
    expect(judgePairs(CPU, unknown).decision).toBe('skipped');
  });
});

describe('sampling', () => {
  const blocksOf = (ratio: number) => (side: Side) =>
    Promise.resolve(block(side === 'a' ? 1000 * ratio : 1000));

  test('stops when two looks agree about every promise', async () => {
    const { pairs: taken, judgements } = await sample({
      promises: [REQUESTS],
      measure: blocksOf(1),
      isTimeUp: () => false,
      random: seededRandom(1),
    });
    expect(taken).toHaveLength(1.5 * LEAST_PAIRS);
    expect(judgements.map(({ decision }) => decision)).toEqual(['pass']);
  });

  test('finds a broken promise', async () => {
    const { pairs: taken, judgements } = await sample({
      promises: [REQUESTS],
      measure: blocksOf(0.5),
      isTimeUp: () => false,
      random: seededRandom(1),
    });
    expect(taken).toHaveLength(1.5 * LEAST_PAIRS);
    expect(judgements.map(({ decision }) => decision)).toEqual(['fail']);
  });

  test('ends undecided when the time is up', async () => {
    let looks = 0;
    const { pairs: taken, judgements } = await sample({
      promises: [REQUESTS],
      measure: blocksOf(1),
      isTimeUp: () => looks++ === 2,
      random: seededRandom(1),
    });
    expect(taken).toHaveLength(4);
    expect(judgements.map(({ decision }) => decision)).toEqual(['undecided']);
  });

  test('takes the arms in the order ABBA or BAAB, by chance', async () => {
    const sides: Side[] = [];
    let looks = 0;
    await sample({
      promises: [REQUESTS],
      measure: (side) => {
        sides.push(side);
        return Promise.resolve(block(1000));
      },
      isTimeUp: () => looks++ === 40 || sides.length === 12,
      random: seededRandom(3),
    });
    const orders = [0, 4, 8].map((start) => sides.slice(start, start + 4).join(''));
    expect(new Set(orders)).toEqual(new Set(['abba', 'baab']));
  });
});
