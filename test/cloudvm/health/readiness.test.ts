import { expect, test, vi } from 'vitest';
import { DatabaseUnreachableError } from '../../../src/cloudvm/database/database-errors.ts';
import {
  ApplicationReadiness,
  type ApplicationState,
  type ReadinessOptions,
} from '../../../src/cloudvm/health/readiness.ts';
import type { WorkerPool } from '../../../src/runtime/application.ts';

/** A started application whose database answers with `ping`. */
function started(
  ping: () => Promise<void>,
  pool: Pick<WorkerPool, 'size' | 'serving' | 'isFilling'> = { size: 8, serving: 8, isFilling: false },
  isStopping = false,
  isFull = false,
): ApplicationState {
  return {
    pingDatabase: ping,
    isDatabaseFull: async () => isFull,
    pool: Object.assign(pool, { leads: true, isStopping, cutOffRoutes: [] }),
  };
}

function readinessOf(state: ApplicationState, options: Partial<ReadinessOptions> = {}): ApplicationReadiness {
  return new ApplicationReadiness({ state: () => state, onDatabaseTrouble: () => {}, ...options });
}

test.each(['starting', 'draining'] as const)('an application that is %s is not ready', async (state) => {
  expect(await readinessOf(state).check()).toBe(state);
});

test('an application is ready while its database answers', async () => {
  const ping = vi.fn(async () => {});
  const state = started(ping);
  const readiness = readinessOf(state);
  expect(await readiness.check()).toBeUndefined();
  ping.mockRejectedValueOnce(new DatabaseUnreachableError('away'));
  expect(await readiness.check()).toBe('database unreachable');
  expect(await readiness.check()).toBeUndefined();
});

test('a database that does not answer in time is unreachable', async () => {
  const state = started(() => new Promise(() => {}));
  expect(await readinessOf(state, { timeoutMs: 1 }).check()).toBe('database unreachable');
});

test('simultaneous readiness checks share one ping of the database', async () => {
  const ping = vi.fn(async () => {});
  const state = started(ping);
  const readiness = readinessOf(state);
  await Promise.all(Array.from({ length: 50 }, () => readiness.check()));
  expect(ping).toHaveBeenCalledTimes(1);
  await readiness.check();
  expect(ping).toHaveBeenCalledTimes(2);
});

test('a process with fewer than half of its workers is starting, unless it has had all of them', async () => {
  const pool = { size: 8, serving: 3, isFilling: true };
  const readiness = readinessOf(started(async () => {}, pool));
  expect(await readiness.check()).toBe('starting');
  pool.isFilling = false;
  expect(await readiness.check()).toBe('workers failing');
});

test('a process that was asked to stop is draining, although it serves', async () => {
  const readiness = readinessOf(started(async () => {}, undefined, true));
  expect(await readiness.check()).toBe('draining');
});

test('a process whose database takes no more data is not ready', async () => {
  const readiness = readinessOf(started(async () => {}, undefined, false, true));
  expect(await readiness.check()).toBe('database full');
});

test('a process is not ready while fewer than half of its workers serve', async () => {
  const pool = { size: 8, serving: 3, isFilling: false };
  const state = started(async () => {}, pool);
  const readiness = readinessOf(state);
  expect(await readiness.check()).toBe('workers failing');
  pool.serving = 4;
  expect(await readiness.check()).toBeUndefined();
});

test('the operator learns why the database cannot be reached, even after the answer', async () => {
  const failure = new DatabaseUnreachableError('away');
  const ping = Promise.withResolvers<void>();
  const onDatabaseTrouble = vi.fn();
  const readiness = readinessOf(
    started(() => ping.promise),
    { timeoutMs: 1, onDatabaseTrouble },
  );
  expect(await readiness.check()).toBe('database unreachable');
  ping.reject(failure);
  await vi.waitFor(() => expect(onDatabaseTrouble).toHaveBeenCalledExactlyOnceWith(failure));
});
