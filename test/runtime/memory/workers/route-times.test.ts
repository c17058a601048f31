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

  test('a route is heavy after two long requests', () => {
    const times = routeTimes();
    times.add(ROUTE, 5);
    times.add(ROUTE, 5);
    expect(times.isHeavy(ROUTE)).toBe(true);
  });

  test('a route that was slow once, at first or between others, is not heavy', () => {
    for (let quick = 0; quick < 20; quick++) {
      const times = routeTimes();
      for (let request = 0; request < quick; request++) times.add(ROUTE, 0.05);
      times.add(ROUTE, 500);
      expect(times.isHeavy(ROUTE)).toBe(false);
      times.add(ROUTE, 0.05);
      expect(times.isHeavy(ROUTE)).toBe(false);
    }
  });

  test('a quick route is quick after one request', () => {
    const times = routeTimes();
    times.add(ROUTE, 0.05);
    expect(times.isQuick(ROUTE)).toBe(true);
  });

  test('a light route that the system interrupts now and then does not become heavy', () => {
    const times = routeTimes();
    for (let request = 0; request < 1_000; request++) {
      times.add(ROUTE, request % 8 === 7 ? 500 : 0.05);
      expect(times.isHeavy(ROUTE)).toBe(false);
    }
  });

  test('a light route that becomes long is heavy after some requests', () => {
    const times = routeTimes();
    for (let request = 0; request < 100; request++) times.add(ROUTE, 0.05);
    for (let request = 0; request < 10; request++) times.add(ROUTE, 5);
    expect(times.isHeavy(ROUTE)).toBe(true);
  });

  test('a route whose every third request is long is heavy most of the time', () => {
    const times = routeTimes();
    let heavy = 0;
    for (let request = 0; request < 300; request++) {
      times.add(ROUTE, request % 3 === 0 ? 5 : 0.05);
      if (times.isHeavy(ROUTE)) heavy++;
    }
    expect(heavy).toBeGreaterThan(150);
  });

  test('times without a route count nowhere', () => {
    const times = routeTimes();
    times.add(-1, 5);
    expect(times.isHeavy(-1)).toBe(false);
    expect(times.isHeavy(0)).toBe(false);
  });
});
