/**
 * Decides what pairs of blocks say about a promise. The median of their ratios has a bootstrap interval of
 * 95 %. If all of it keeps the promise, the promise is kept. If all of it breaks the promise, the promise is
 * broken. Otherwise noise is too great to tell, and more pairs are needed.
 */
import { estimate } from '../../laboratory/bootstrap.ts';
import type { Estimate } from '../../laboratory/results.ts';
import { cpuRatio, type Pair, requestsRatio } from './block.ts';

export type Metric = 'requestsPerSecond' | 'cpuPerRequest';

export interface RatioPromise {
  readonly metric: Metric;
  /** For requests per second the least ratio, for CPU per request the greatest. */
  readonly limit: number;
  readonly because: string;
}

export type Decision = 'pass' | 'fail' | 'undecided';

export interface Judgement {
  readonly promise: RatioPromise;
  /** `skipped` if the metric was not measured. */
  readonly decision: Decision | 'skipped';
  readonly estimate?: Estimate;
}

/** With fewer, the interval of a median is much too narrow. */
export const LEAST_PAIRS = 8;

const RATIOS: Readonly<Record<Metric, (pair: Pair) => number | undefined>> = {
  requestsPerSecond: requestsRatio,
  cpuPerRequest: cpuRatio,
};

export function judgePairs(promise: RatioPromise, pairs: readonly Pair[]): Judgement {
  const ratios = pairs.map(RATIOS[promise.metric]).filter((ratio) => ratio !== undefined);
  if (ratios.length === 0) return { promise, decision: pairs.length === 0 ? 'undecided' : 'skipped' };
  const found = estimate(ratios);
  if (ratios.length < LEAST_PAIRS) return { promise, decision: 'undecided', estimate: found };
  return { promise, decision: decide(promise, found), estimate: found };
}

function decide({ metric, limit }: RatioPromise, { low, high }: Estimate): Decision {
  const [worst, best] = metric === 'requestsPerSecond' ? [low, high] : [-high, -low];
  const least = metric === 'requestsPerSecond' ? limit : -limit;
  if (worst >= least) return 'pass';
  return best < least ? 'fail' : 'undecided';
}
