import { describe, expect, test } from 'vitest';
import { RouteTimes } from '../../../../src/runtime/memory/workers/route-times.ts';
import { createShared } from '../threads/shared.ts';

const ROUTE = 3;
const routeTimes = () => new RouteTimes(createShared({ connections: 1 }));

describe('RouteTimes', () => {
  test('a route of which nothing is known is neither heavy nor quick', () => {
    const times = routeTimes();
    expect([times.isHeavy(ROUTE), times.isQuick(ROUTE)]).toEqual([false, false]);
  });

  test('a route is heavy after one long request', () => {
    const times = routeTimes();
    times.add(ROUTE, 5);
    expect(times.isHeavy(ROUTE)).toBe(true);
  });

  test('a route that was slow once, at first, is not heavy after two quick requests', () => {
    const times = routeTimes();
    times.add(ROUTE, 500);
    for (let request = 0; request < 2; request++) times.add(ROUTE, 0.05);
    expect(times.isHeavy(ROUTE)).toBe(false);
  });

  test('a quick route is quick after one request, and one slow request does not make it heavy', () => {
    const times = routeTimes();
    times.add(ROUTE, 0.05);
    expect(times.isQuick(ROUTE)).toBe(true);
    times.add(ROUTE, 5);
    expect(times.isHeavy(ROUTE)).toBe(false);
  });

  test('times without a route count nowhere', () => {
    const times = routeTimes();
    times.add(-1, 5);
    expect(times.isHeavy(-1)).toBe(false);
    expect(times.isHeavy(0)).toBe(false);
  });
});
