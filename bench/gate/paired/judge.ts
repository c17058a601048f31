/**
 * Decides what rounds say about a promise. The ratio of a round is that of all its blocks together, since
 * blocks of the same two processes share what those have settled in. Rounds are independent. So Student's
 * interval around the mean of their logarithms holds, with as little as three of them.
 *
 * Judging after every round gives chance as many chances. The levels below are so strict that all looks
 * together are wrong in less than 1 % of the sessions (`fail`) and 3 % (`pass`) if the truth is just at the
 * limit. A test simulates it. Two equal servers are a whole margin away from it, and so are wrong less often.
 *
 * What is reported first is the median of the ratios of all pairs, with its bootstrap interval. It is the
 * plainer figure. But it takes blocks of the same processes for independent, and so is too narrow to decide.
 */
import { estimate } from '../../laboratory/bootstrap.ts';
import type { Estimate } from '../../laboratory/results.ts';
import { cpuRatio, type Pair, type Round, requestsRatio, wholeOf } from './block.ts';
import { studentBound } from './student.ts';

export type Metric = 'requestsPerSecond' | 'cpuPerRequest';

export interface RatioPromise {
  readonly metric: Metric;
  /** For requests per second the least ratio, for CPU per request the greatest. */
  readonly limit: number;
  readonly because: string;
}

/** `skipped` if the metric was not measured. */
export type Decision = 'pass' | 'fail' | 'undecided' | 'skipped';

export interface Found {
  /** The median of the ratios of all pairs. */
  readonly estimate: Estimate;
  /** What decides, from LEAST_ROUNDS on. */
  readonly byRounds?: MeanOfRounds;
}

/** The geometric mean of the rounds and its interval of 99 %. */
export interface MeanOfRounds {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** With two, the interval is as wide as their difference six hundred times. */
export const LEAST_ROUNDS = 3;

/**
 * Chances of being wrong at one look, if the truth is just at the limit. A false alarm is the worse mistake.
 */
const LEVELS = { fail: 0.001, pass: 0.005 } as const;

/**
 * What no two processes of one program settle apart. If every single pair is beyond the limit by as much,
 * then the promise is broken, however much the pairs differ. At that distance a pair is beyond it by chance
 * as often as not. So six are by one chance in 64, and those of equal servers, which are far from it,
 * practically never.
 */
const OBVIOUS = 1.25;
const OBVIOUS_PAIRS = 6;

const RATIOS: Readonly<Record<Metric, (pair: Pair) => number | undefined>> = {
  requestsPerSecond: requestsRatio,
  cpuPerRequest: cpuRatio,
};

export function decide(promise: RatioPromise, rounds: readonly Round[]): Decision {
  const pairs = rounds.flat();
  if (pairs.some((pair) => RATIOS[promise.metric](pair) === undefined)) return 'skipped';
  if (rounds.length < LEAST_ROUNDS) return 'undecided';
  return obviously(promise, pairs) ?? byInterval(promise, rounds);
}

/** @returns the numbers for reports, or undefined if there are none */
export function ratiosFound({ metric }: RatioPromise, rounds: readonly Round[]): Found | undefined {
  const ratios = rounds.flat().map(RATIOS[metric]);
  const known = ratios.filter((ratio) => ratio !== undefined);
  if (known.length === 0 || known.length < ratios.length) return undefined;
  const found = { estimate: estimate(known) };
  if (rounds.length < LEAST_ROUNDS) return found;
  return { ...found, byRounds: meanOf(logarithmsOf(metric, rounds), LEVELS.pass) };
}

function obviously({ metric, limit }: RatioPromise, pairs: readonly Pair[]): Decision | undefined {
  if (pairs.length < OBVIOUS_PAIRS) return undefined;
  const ratios = pairs.map((pair) => RATIOS[metric](pair) ?? Number.NaN);
  const areAbove = ratios.every((ratio) => ratio > limit * OBVIOUS);
  const areBelow = ratios.every((ratio) => ratio < limit / OBVIOUS);
  if (!areAbove && !areBelow) return undefined;
  return areBelow === (metric === 'cpuPerRequest') ? 'pass' : 'fail';
}

function byInterval(promise: RatioPromise, rounds: readonly Round[]): Decision {
  const logarithms = logarithmsOf(promise.metric, rounds);
  const nearlySure = meanOf(logarithms, LEVELS.fail);
  const likely = meanOf(logarithms, LEVELS.pass);
  const { limit } = promise;
  if (promise.metric === 'cpuPerRequest') {
    if (nearlySure.low > limit) return 'fail';
    return likely.high <= limit ? 'pass' : 'undecided';
  }
  if (nearlySure.high < limit) return 'fail';
  return likely.low >= limit ? 'pass' : 'undecided';
}

function logarithmsOf(metric: Metric, rounds: readonly Round[]): number[] {
  return rounds.map((round) => Math.log(RATIOS[metric](wholeOf(round)) ?? Number.NaN));
}

/** @param level the probability that the true mean lies above the interval, and that it lies below */
function meanOf(logarithms: readonly number[], level: number): MeanOfRounds {
  const average = mean(logarithms);
  const freedom = logarithms.length - 1;
  const squares = logarithms.reduce((sum, value) => sum + (value - average) ** 2, 0);
  const error = Math.sqrt(squares / freedom / logarithms.length);
  const reach = error * studentBound(level, freedom);
  return { mean: Math.exp(average), low: Math.exp(average - reach), high: Math.exp(average + reach) };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
