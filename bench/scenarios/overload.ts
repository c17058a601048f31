/**
 * More requests than a server can serve. The rounds measure its capacity. After each of them, clients come at
 * twice that rate, whether others have their answers or not, each with a connection of its own, and give up
 * after a second.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type Attempt, ask } from '../laboratory/load/impatient-client.ts';
import { quantile } from '../laboratory/statistics.ts';
import { OF_CPU_LOAD } from './chosen-arms.ts';
import type { Scenario } from './scenario.ts';

const CPU_MS = 5;
const TIMES = 2;
const PATIENCE_MS = 1000;
/** Overload needs a while to show. */
const LEAST_SECONDS = 2;
const HEALTH_INTERVAL_MS = 50;
const RELEASE_INTERVAL_MS = 2;

export const OVERLOAD: Scenario = {
  name: 'overload',
  about: `requests of ${CPU_MS} ms of CPU, then twice as many as were served, from clients that give up after ${PATIENCE_MS} ms`,
  application: 'plain',
  arms: OF_CPU_LOAD,
  connections: 8,
  secondsAfterRound: 3.4,
  requests: () => [{ method: 'GET', path: `/cpu?ms=${CPU_MS}`, headers: {} }],
  further: {
    figures: [
      { name: 'goodputShare', unit: 'of the capacity', about: 'answers with 200 at twice the capacity' },
      { name: 'refusedShare', unit: 'of the requests', about: 'answers with 503 at twice the capacity' },
      { name: 'gaveUpShare', unit: 'of the requests', about: 'clients that gave up at twice the capacity' },
      { name: 'healthP50Ms', unit: 'ms', about: 'GET /health at twice the capacity, median' },
      { name: 'healthMostMs', unit: 'ms', about: 'GET /health at twice the capacity, the slowest' },
    ],
    measure: measureOverload,
  },
};

async function measureOverload(url: string, capacity: number, blockSeconds: number) {
  const seconds = Math.max(LEAST_SECONDS, blockSeconds);
  const watching = watchHealth(url);
  const attempts = await comeAtRate(url, capacity * TIMES, seconds);
  const health = (await watching.stop()).map(({ ms }) => ms).toSorted((one, other) => one - other);
  const share = (status: number | undefined) =>
    attempts.filter((attempt) => attempt.status === status).length / attempts.length;
  return {
    goodputShare: share(200) * TIMES,
    refusedShare: share(503),
    gaveUpShare: share(undefined),
    healthP50Ms: quantile(health, 0.5),
    healthMostMs: quantile(health, 1),
  };
}

async function comeAtRate(url: string, perSecond: number, seconds: number): Promise<Attempt[]> {
  const start = performance.now();
  const attempts: Promise<Attempt>[] = [];
  const total = Math.max(1, Math.round(perSecond * seconds));
  while (attempts.length < total) {
    const due = Math.min(total, ((performance.now() - start) / 1000) * perSecond);
    while (attempts.length < due) attempts.push(ask(url, `/cpu?ms=${CPU_MS}`, PATIENCE_MS));
    await delay(RELEASE_INTERVAL_MS);
  }
  return await Promise.all(attempts);
}

function watchHealth(url: string): { stop(): Promise<Attempt[]> } {
  const attempts: Promise<Attempt>[] = [ask(url, '/health', PATIENCE_MS)];
  const timer = setInterval(() => attempts.push(ask(url, '/health', PATIENCE_MS)), HEALTH_INTERVAL_MS);
  return {
    stop: async () => {
      clearInterval(timer);
      return await Promise.all(attempts);
    },
  };
}
