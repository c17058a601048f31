import { describe, expect, test } from 'vitest';
import {
  allocateMemory,
  computeLayout,
  REQUEST_PLACES,
  viewMemory,
} from '../../../../src/runtime/memory/layout.ts';
import {
  DURATION_BOUNDS,
  placeOf,
  RequestCounts,
  requestWord,
  STATUSES,
} from '../../../../src/runtime/memory/workers/request-counts.ts';
import { RequestTotals } from '../../../../src/runtime/server/metrics/request-totals.ts';

const layout = computeLayout({
  workers: 2,
  connections: 1,
  inboundBytes: 1_024,
  ringBytes: 1_024,
  coreBytes: 64,
});
const shared = () => viewMemory(allocateMemory(layout), layout);
const get = (path: string) => ({ method: 'GET', path });

/** Answers with status 200 by route. */
function answers(totals: RequestTotals): Record<string, number> {
  totals.addUp();
  return Object.fromEntries(
    [...totals.all()].map(({ route, statuses }) => [route.path, statuses.get(200) ?? 0]),
  );
}

describe('totals', () => {
  test('are the sum of what all threads have counted', () => {
    const memory = shared();
    const totals = new RequestTotals(memory);
    for (const slot of [0, 1]) totals.declare(slot, [get('/a'), get('/b')]);
    const [one, other] = [new RequestCounts(memory, 0), new RequestCounts(memory, 1)];
    one.add(0, 200, 1);
    other.add(0, 200, 1);
    other.add(1, 200, 1);
    other.add(-1, 200, 1);
    expect(answers(totals)).toEqual({ '/a': 2, '/b': 1, unmatched: 1 });
    one.add(0, 200, 1);
    expect(answers(totals)).toEqual({ '/a': 3, '/b': 1, unmatched: 1 });
  });

  test('go on growing when a word wraps around', () => {
    const memory = shared();
    const word = requestWord(layout, 0, placeOf(0)) + STATUSES;
    memory.words[word] = -2;
    const totals = new RequestTotals(memory);
    totals.declare(0, [get('/a')]);
    expect(answers(totals)).toEqual({ '/a': 2 ** 32 - 2 });
    const counts = new RequestCounts(memory, 0);
    for (let count = 0; count < 3; count++) counts.add(0, 200, 0);
    expect(memory.words[word]).toBe(1);
    expect(answers(totals)).toEqual({ '/a': 2 ** 32 + 1 });
  });

  test('keep the names of routes that a reload numbers anew', () => {
    const memory = shared();
    const totals = new RequestTotals(memory);
    totals.declare(0, [get('/a'), get('/b')]);
    const counts = new RequestCounts(memory, 0);
    counts.add(0, 200, 1);
    counts.add(1, 200, 1);
    totals.declare(0, [get('/new'), get('/a')]);
    counts.add(1, 200, 1);
    counts.add(0, 200, 1);
    expect(answers(totals)).toEqual({ '/a': 2, '/b': 1, '/new': 1 });
  });

  test('put the routes beyond the last place together', () => {
    const memory = shared();
    const routes = Array.from({ length: REQUEST_PLACES + 10 }, (_, number) => get(`/${number}`));
    const totals = new RequestTotals(memory);
    totals.declare(0, routes);
    const counts = new RequestCounts(memory, 0);
    for (const number of routes.keys()) counts.add(number, 200, 1);
    const all = answers(totals);
    expect(Object.keys(all)).toHaveLength(REQUEST_PLACES - 2);
    expect(all['other']).toBe(13);
  });

  test('stay bounded when reloads bring ever new routes', () => {
    const memory = shared();
    const totals = new RequestTotals(memory);
    const counts = new RequestCounts(memory, 0);
    for (let reload = 0; reload < 2_000; reload++) {
      totals.declare(0, [get(`/${reload}`)]);
      counts.add(0, 200, 1);
    }
    const all = answers(totals);
    expect(Object.keys(all).length).toBeLessThanOrEqual(1_024);
    expect(Object.values(all).reduce((sum, count) => sum + count)).toBe(2_000);
  });

  test('have durations by their bounds, and their sum', () => {
    const memory = shared();
    const totals = new RequestTotals(memory);
    totals.declare(0, [get('/a')]);
    const counts = new RequestCounts(memory, 0);
    for (const bound of DURATION_BOUNDS) counts.add(0, 200, bound);
    counts.add(0, 200, 20_000);
    for (let count = 0; count < 1_000; count++) counts.add(0, 200, 0.004);
    totals.addUp();
    const [a] = totals.all();
    expect([...(a?.durations ?? [])]).toEqual([1_001, ...DURATION_BOUNDS.slice(1).map(() => 1), 1]);
    const milliseconds = DURATION_BOUNDS.reduce((sum, bound) => sum + bound) + 20_004;
    expect((a?.durationUnits ?? 0) / 100).toBeCloseTo(milliseconds, 1);
  });
});
