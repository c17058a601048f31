/**
 * The metrics in the text format of Prometheus, by prom-client. Main thread. Only metrics.ts imports this
 * file, when somebody asks for metrics for the first time. prom-client keeps no values here: each metric is
 * filled at a scrape, from what the server counts anyway.
 */

import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Stage } from '../../memory/workers/stages.ts';
import { RequestDurations, StageDurations } from './durations.ts';
import type { MeterTotal } from './meter-totals.ts';
import type { RouteTotals } from './request-totals.ts';

type Labels = Readonly<Record<string, string | number>>;

/** A value and what tells it apart from others of its metric. */
export type Sample = readonly [value: number, labels?: Labels];

/** A metric that is filled at each scrape. */
export interface SampledMetric {
  readonly kind: 'counter' | 'gauge';
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
  readonly samples: () => Iterable<Sample>;
}

export interface ExpositionSources {
  readonly sampled: readonly SampledMetric[];
  /** By name, if there are several of it. */
  readonly meters: () => Iterable<MeterTotal>;
  readonly requests: () => Iterable<RouteTotals>;
  readonly stages: () => Iterable<readonly [Stage, ArrayLike<number>]>;
}

/**
 * Metrics of prom-client that ask Node.js for the list of all its handles, so for every connection. promtool
 * finds fault with their names, too.
 */
const LEFT_OUT = ['handles', 'requests', 'resources'].flatMap((what) => [
  `nodejs_active_${what}`,
  `nodejs_active_${what}_total`,
]);

/** How often Node.js measures how late its timers are. Main sleeps in between. */
const EVENT_LOOP_PRECISION_MS = 100;

export class Exposition {
  readonly #registry = new Registry();
  readonly #meters: ExpositionSources['meters'];

  constructor({ sampled, meters, requests, stages }: ExpositionSources) {
    const register = this.#registry;
    this.#meters = meters;
    collectDefaultMetrics({ register, eventLoopMonitoringPrecision: EVENT_LOOP_PRECISION_MS });
    for (const name of LEFT_OUT) register.removeSingleMetric(name);
    for (const metric of sampled) addMetric(register, metric);
    register.registerMetric(new RequestDurations(requests));
    register.registerMetric(new StageDurations(stages));
  }

  async text(): Promise<string> {
    const meters = new Registry();
    for (const metric of metersByName(this.#meters())) addMetric(meters, metric);
    return `${await this.#registry.metrics()}\n${await meters.metrics()}`;
  }
}

function addMetric(registry: Registry, { kind, name, help, labels = [], samples }: SampledMetric): void {
  const configuration = { name, help, labelNames: labels, registers: [registry] };
  if (kind === 'counter') {
    new Counter({
      ...configuration,
      collect() {
        this.reset();
        for (const [value, labels = {}] of samples()) this.inc(labels, value);
      },
    });
  } else {
    new Gauge({
      ...configuration,
      collect() {
        this.reset();
        for (const [value, labels = {}] of samples()) this.set(labels, value);
      },
    });
  }
}

function metersByName(meters: Iterable<MeterTotal>): SampledMetric[] {
  const byName = Map.groupBy(meters, ({ declaration }) => declaration.name);
  return [...byName].map(([name, [first, ...others]]) => {
    const all = first === undefined ? [] : [first, ...others];
    return {
      kind: first?.declaration.kind ?? 'gauge',
      name,
      help: first?.declaration.help ?? '',
      // A reload may have changed them.
      labels: [...new Set(all.flatMap(({ declaration }) => Object.keys(declaration.labels)))],
      samples: () => all.map(({ value, declaration }): Sample => [value, declaration.labels]),
    };
  });
}
