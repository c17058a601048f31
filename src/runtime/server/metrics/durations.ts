/**
 * Histograms of prom-client whose observations were counted elsewhere: the durations of handlers by route,
 * and the times of stages. Main thread, loaded with exposition.ts.
 */

import { Histogram } from 'prom-client';
import { DURATION_BOUNDS, DURATION_UNITS_PER_MS } from '../../memory/workers/request-counts.ts';
import { bucketOf, lowerBoundOf, sumOf } from '../../memory/workers/stage-histogram.ts';
import type { Stage } from '../../memory/workers/stages.ts';
import type { RouteTotals } from './request-totals.ts';

const SECOND_MS = 1_000;

interface Configuration {
  readonly name: string;
  readonly help: string;
  readonly labelNames: string[];
  readonly registers: [];
}

/** The histogram of one set of labels. */
interface Counted {
  readonly labels: Readonly<Record<string, string>>;
  /** How many are within each bound, and last how many are above all. */
  readonly counts: readonly number[];
  /** Of the counts but the last one. */
  readonly boundsMs: readonly number[];
  readonly sumMs: number;
}

class CountedElsewhere extends Histogram {
  readonly #name: string;
  readonly #counted: () => Iterable<Counted>;
  readonly #empty: Histogram;

  constructor(configuration: Configuration, counted: () => Iterable<Counted>) {
    super(configuration);
    this.#name = configuration.name;
    this.#counted = counted;
    this.#empty = new Histogram(configuration);
  }

  override async get() {
    const values = [...this.#counted()].flatMap((counted) => valuesOf(this.#name, counted));
    return { ...(await this.#empty.get()), values };
  }

  /** What prom-client 15 prefers to `get`. */
  getForPromString() {
    return this.get();
  }
}

function valuesOf(name: string, { labels, counts, boundsMs, sumMs }: Counted) {
  let count = 0;
  const buckets = counts.map((observed, index) => {
    count += observed;
    const bound = boundsMs[index];
    const le = bound === undefined ? '+Inf' : bound / SECOND_MS;
    return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: count };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: sumMs / SECOND_MS },
    { metricName: `${name}_count`, labels, value: count },
  ];
}

const REQUESTS: Configuration = {
  name: 'http_request_duration_seconds',
  help: 'From the start of a handler to its answer, which is not sent yet.',
  labelNames: ['method', 'route'],
  registers: [],
};

export class RequestDurations extends CountedElsewhere {
  constructor(requests: () => Iterable<RouteTotals>) {
    super(REQUESTS, function* () {
      for (const { route, durations, durationUnits } of requests()) {
        yield {
          labels: { method: route.method, route: route.path },
          counts: [...durations],
          boundsMs: DURATION_BOUNDS,
          sumMs: durationUnits / DURATION_UNITS_PER_MS,
        };
      }
    });
  }
}

const STAGES: Configuration = {
  name: 'http_stage_duration_seconds',
  help: 'How long requests were in each stage, of those that were timed: one in TIMING_SAMPLE.',
  labelNames: ['stage'],
  registers: [],
};

/** From a microsecond to four seconds, four times as long each: borders of the finer buckets. */
const STAGE_BUCKETS = Array.from({ length: 12 }, (_, index) => bucketOf(0.001_024 * 4 ** index));
const STAGE_BOUNDS_MS = STAGE_BUCKETS.map(lowerBoundOf);

export class StageDurations extends CountedElsewhere {
  /** @param stages counts by bucket (memory/workers/stage-histogram.ts) */
  constructor(stages: () => Iterable<readonly [Stage, ArrayLike<number>]>) {
    super(STAGES, function* () {
      for (const [stage, fine] of stages()) {
        const counts = coarse(fine);
        yield { labels: { stage }, counts, boundsMs: STAGE_BOUNDS_MS, sumMs: sumOf(fine) };
      }
    });
  }
}

function coarse(fine: ArrayLike<number>): number[] {
  const counts = new Array<number>(STAGE_BUCKETS.length + 1).fill(0);
  for (let bucket = 0; bucket < fine.length; bucket++) {
    const index = STAGE_BUCKETS.findIndex((end) => bucket < end);
    const at = index < 0 ? STAGE_BUCKETS.length : index;
    counts[at] = (counts[at] as number) + (fine[bucket] as number);
  }
  return counts;
}
