/** The comparison of two arms, on blocks that are made up. Recorded ones are in recorded.test.ts. */
import { describe, expect, test } from 'vitest';
import type { Block, Round } from '../../../bench/gate/paired/block.ts';
import {
  type Decision,
  decide,
  LEAST_ROUNDS,
  type RatioPromise,
  ratiosFound,
} from '../../../bench/gate/paired/judge.ts';
import { fourBlocks, type Side } from '../../../bench/gate/paired/round.ts';
import { sample } from '../../../bench/gate/paired/sampling.ts';
import { studentBound } from '../../../bench/gate/paired/student.ts';
import { seededRandom } from '../../../bench/laboratory/random.ts';

const REQUESTS: RatioPromise = { metric: 'requestsPerSecond', limit: 0.95, because: 'of the test' };
const CPU: RatioPromise = { metric: 'cpuPerRequest', limit: 1.05, because: 'of the test' };

function block(requests: number, cpuSeconds?: number): Block {
  return { requests, seconds: 1, ...(cpuSeconds !== undefined && { cpuSeconds }) };
}

/** Two pairs, in which the first arm has this many times the requests of the second. */
function round(ratio: number): Round {
  const pair = { a: block(1000 * ratio, 0.5), b: block(1000, 0.5) };
  return [pair, pair];
}

const decisionOn = (promise: RatioPromise, ratios: readonly number[]) => decide(promise, ratios.map(round));

describe('a judgement', () => {
  test('passes if rounds that differ little keep the promise', () => {
    expect(decisionOn(REQUESTS, [0.99, 1, 0.995, 1.01])).toBe('pass');
  });

  test('fails if rounds that differ little break it', () => {
    expect(decisionOn(REQUESTS, [0.9, 0.905, 0.895, 0.9])).toBe('fail');
  });

  test('is undecided if they differ too much', () => {
    expect(decisionOn(REQUESTS, [0.8, 1.1, 0.7, 1])).toBe('undecided');
  });

  test('fails as early as can be if the difference is overwhelming', () => {
    const rounds = [0.5, 0.7, 0.3];
    expect(rounds).toHaveLength(LEAST_ROUNDS);
    expect(decisionOn(REQUESTS, rounds)).toBe('fail');
    expect(decisionOn(REQUESTS, [1.5, 3, 2])).toBe('pass');
    expect(decisionOn(REQUESTS, [0.5, 0.5])).toBe('undecided');
  });

  test('takes many blocks of the same two processes for one observation', () => {
    const settled = (ratio: number): Round => Array.from({ length: 50 }, () => round(ratio)).flat();
    const rounds = [0.9, 0.93, 0.97].map(settled);
    expect(decide(REQUESTS, rounds)).toBe('undecided');
  });

  test('reports the median of the pairs, with its bootstrap interval', () => {
    expect(ratiosFound(REQUESTS, [0.9, 1, 1.2].map(round))).toMatchObject({
      estimate: { median: 1, low: expect.closeTo(0.9), high: expect.closeTo(1.2) },
      byRounds: { mean: expect.closeTo((0.9 * 1.2) ** (1 / 3)) },
    });
  });

  test('of CPU time divides it by the requests', () => {
    const rounds = (cost: number) =>
      [1, 1.01, 0.99, 1].map((noise) => [{ a: block(1000, cost * noise), b: block(500, 0.5) }]);
    expect(ratiosFound(CPU, rounds(1.12))?.estimate.median).toBeCloseTo(1.12);
    expect(decide(CPU, rounds(1.12))).toBe('fail');
    expect(decide(CPU, rounds(1))).toBe('pass');
  });

  test('of CPU time is skipped where the system does not tell it', () => {
    const unknown = [{ a: block(1000), b: block(1000) }];
    expect(decide(CPU, [unknown, unknown, unknown])).toBe('skipped');
  });
});

test("the bounds are those of tables of Student's distribution", () => {
  expect(studentBound(0.025, 4)).toBeCloseTo(2.776, 3);
  expect(studentBound(0.001, 2)).toBeCloseTo(22.327, 3);
  expect(studentBound(0.001, 7)).toBeCloseTo(4.785, 3);
  expect(studentBound(0.005, 30)).toBeCloseTo(2.75, 3);
});

describe('looks after every round', () => {
  const SESSIONS = 2000;
  const DIFFERENCE_OF_ROUNDS = 0.02;

  /** @returns in which part of the sessions it was so decided, if the true ratio of CPU time is this one */
  function decided(truth: number, rounds: number, noise: (random: () => number) => number) {
    const random = seededRandom(1);
    const parts = { pass: 0, fail: 0, undecided: 0, skipped: 0 };
    for (let session = 0; session < SESSIONS; session += 1) {
      const taken: Round[] = [];
      let decision: Decision = 'undecided';
      while (taken.length < rounds && decision === 'undecided') {
        taken.push([{ a: block(1000, truth * Math.exp(noise(random))), b: block(1000, 1) }]);
        decision = decide(CPU, taken);
      }
      parts[decision] += 1 / SESSIONS;
    }
    return parts;
  }

  const normal = (random: () => number) =>
    DIFFERENCE_OF_ROUNDS * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const withOutliers = (random: () => number) => normal(random) * (random() < 0.2 ? 8 : 1);

  test.for([
    ['usual noise', normal],
    ['noise with outliers', withOutliers],
  ] as const)('are wrong together in few sessions just at the limit: %s', ([, noise]) => {
    const { fail, pass } = decided(CPU.limit, 12, noise);
    expect(fail).toBeLessThan(0.01);
    expect(pass).toBeLessThan(0.03);
  });

  test('find a slowdown of 10 % in eight rounds, and none in equal servers', () => {
    expect(decided(1.1, 8, normal)).toMatchObject({ pass: 0, fail: expect.closeTo(0.92, 1) });
    expect(decided(1, 8, normal)).toMatchObject({ fail: 0, pass: expect.closeTo(1, 1) });
  });
});

describe('sampling', () => {
  const contest = { promises: [REQUESTS] };

  test('stops as soon as every promise is decided', async () => {
    const [found] = await sample({
      contests: [contest],
      takeRound: () => Promise.resolve([round(1)]),
      hasTime: () => true,
    });
    expect(found).toMatchObject({ decisions: ['pass'], rounds: { length: LEAST_ROUNDS } });
  });

  test('takes further rounds of what is undecided only', async () => {
    const clear = { promises: [REQUESTS], ratios: [1, 1, 1] };
    const unclear = { promises: [REQUESTS], ratios: [0.8, 1.2, 0.9, 1.1, 1] };
    let left = 5;
    const found = await sample({
      contests: [clear, unclear],
      takeRound: (open) => Promise.resolve(open.map(({ ratios }) => round(ratios[5 - left - 1] as number))),
      hasTime: () => left-- > 0,
    });
    expect(found.map(({ rounds }) => rounds.length)).toEqual([3, 5]);
    expect(found.flatMap(({ decisions }) => decisions)).toEqual(['pass', 'undecided']);
  });

  test('is undecided without time for a round', async () => {
    const takeRound = () => Promise.reject(new Error('there was no time'));
    const [found] = await sample({ contests: [contest], takeRound, hasTime: () => false });
    expect(found).toMatchObject({ decisions: ['undecided'], rounds: [] });
  });
});

test('a round takes the arms in the order ABBA or BAAB, by chance', async () => {
  const random = seededRandom(3);
  const orders = new Set<string>();
  for (let taken = 0; taken < 12; taken += 1) {
    let order = '';
    await fourBlocks(random, (side: Side) => {
      order += side;
      return Promise.resolve(block(1000));
    });
    orders.add(order);
  }
  expect(orders).toEqual(new Set(['abba', 'baab']));
});
