/**
 * Collects the metrics of the process when somebody asks: a worker whose client does, or main itself while no
 * worker answers. Main thread. Nothing is loaded before that, and nothing is added up in a server whose
 * application has no route for metrics.
 */

import type { Declarations } from '../../http/declarations.ts';
import type { SharedMemory } from '../../memory/layout.ts';
import type { Clock } from '../clock.ts';
import type { RuntimeLogger } from '../runtime-logger.ts';
import type { StageTotals } from '../timing/stage-totals.ts';
import type { Exposition, SampledMetric } from './exposition.ts';
import type { MainCounts } from './main-counts.ts';
import { MeterTotals } from './meter-totals.ts';
import { RequestTotals } from './request-totals.ts';

/** What was collected so short a time ago is given again, so that those who ask at once cost little. */
const FRESH_MS = 50;
/** The same for the answers that main gives itself. */
const RECENT_MS = 1_000;
/** The words of the workers wrap around. See memory/workers/request-counts.ts. */
const ADD_UP_INTERVAL_MS = 10_000;

export interface MetricsOptions {
  readonly shared: SharedMemory;
  readonly counts: MainCounts;
  readonly stageTotals: StageTotals;
  /** What is neither about requests nor of the application. */
  readonly sampled: readonly SampledMetric[];
  /** Whether there is a worker in a slot. */
  readonly isAlive: (slot: number) => boolean;
  readonly clock: Clock;
  readonly logger: RuntimeLogger;
}

interface Totals {
  readonly requests: RequestTotals;
  readonly meters: MeterTotals;
}

interface Collected {
  readonly text: string;
  readonly time: number;
}

export class Metrics {
  readonly #options: MetricsOptions;
  #totals: Totals | null = null;
  #timer: NodeJS.Timeout | undefined;
  #exposition: Promise<Exposition> | null = null;
  #latest: Collected | null = null;
  #pending: Promise<string | null> | null = null;
  #triedAt = Number.NEGATIVE_INFINITY;

  constructor(options: MetricsOptions) {
    this.#options = options;
  }

  /** The worker in this slot has loaded the application. */
  declare(slot: number, { routes, meters, metrics }: Declarations): void {
    if (metrics === null) return;
    const totals = this.#begin();
    totals.requests.declare(slot, routes);
    totals.meters.declare(slot, meters);
    const { counts, shared } = this.#options;
    totals.requests.declare(shared.layout.slots, routes);
    counts.declare(routes);
  }

  /** @returns null if they cannot be collected */
  collect(): Promise<string | null> {
    const fresh = this.#since(FRESH_MS);
    if (fresh !== null) return Promise.resolve(fresh);
    this.#pending ??= this.#collect().finally(() => {
      this.#pending = null;
    });
    return this.#pending;
  }

  /** @returns null if they are old. Then they are collected from now on */
  latest(): string | null {
    const recent = this.#since(RECENT_MS);
    // What has failed is not tried again at once.
    const isDue = this.#options.clock.now() - this.#triedAt > RECENT_MS;
    if (recent === null && isDue) void this.collect();
    return recent;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #since(ageMs: number): string | null {
    const { clock } = this.#options;
    return this.#latest !== null && clock.now() - this.#latest.time < ageMs ? this.#latest.text : null;
  }

  #begin(): Totals {
    const { shared, isAlive } = this.#options;
    this.#totals ??= { requests: new RequestTotals(shared), meters: new MeterTotals(shared, isAlive) };
    this.#timer ??= setInterval(() => this.#addUp(), ADD_UP_INTERVAL_MS).unref();
    return this.#totals;
  }

  #addUp(): void {
    this.#totals?.requests.addUp();
    this.#options.stageTotals.addUp();
  }

  async #collect(): Promise<string | null> {
    this.#triedAt = this.#options.clock.now();
    try {
      this.#exposition ??= this.#open();
      const exposition = await this.#exposition;
      const { meters } = this.#begin();
      this.#addUp();
      meters.addUp();
      const time = this.#options.clock.now();
      const text = await exposition.text();
      this.#latest = { text, time };
      return text;
    } catch (error) {
      this.#options.logger.error({ error }, 'The metrics could not be collected');
      return null;
    }
  }

  async #open(): Promise<Exposition> {
    const { Exposition } = await import('./exposition.ts');
    const { requests, meters } = this.#begin();
    return new Exposition({
      sampled: [...this.#options.sampled, requestsByStatus(requests)],
      meters: () => meters.all(),
      requests: () => requests.all(),
      stages: () => this.#options.stageTotals.all(),
    });
  }
}

function requestsByStatus(requests: RequestTotals): SampledMetric {
  return {
    kind: 'counter',
    name: 'http_requests_total',
    help: 'Answers by the pattern of the route. "unmatched" has no route, and nobody could read "unread".',
    labels: ['method', 'route', 'status'],
    *samples() {
      for (const { route, statuses } of requests.all()) {
        for (const [status, count] of statuses) {
          yield [count, { method: route.method, route: route.path, status }];
        }
      }
    },
  };
}
