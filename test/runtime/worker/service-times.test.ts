import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { useFakeClock, useRealClock } from './support/fake-clock.ts';
import { MainSide } from './support/main-side.ts';
import { createContext } from './support/worker-side.ts';

const ROUTE = 3;
const NO_ROUTE = -1;

describe('ServiceTimes', () => {
  beforeEach(() => {
    useFakeClock({ toFake: ['performance'] });
  });
  afterEach(() => {
    useRealClock();
  });

  test('the time since the last reading of the clock counts for the route that ran', () => {
    const { times, routeTimes } = createContext(new MainSide());
    for (let request = 0; request < 20; request++) {
      times.read();
      vi.advanceTimersByTime(5);
      times.countRequest(ROUTE);
    }
    expect(routeTimes.isHeavy(ROUTE)).toBe(true);
    expect(times.lastRead).toBe(performance.now());
  });

  test('time before a reading, or while no handler ran, counts for no route', () => {
    const { times, routeTimes } = createContext(new MainSide());
    for (let request = 0; request < 20; request++) {
      vi.advanceTimersByTime(5);
      times.countRequest(NO_ROUTE);
      vi.advanceTimersByTime(5);
      times.read();
      times.countRequest(ROUTE);
    }
    expect(routeTimes.isHeavy(ROUTE)).toBe(false);
  });

  test('main sees the average time of a turn', () => {
    const main = new MainSide();
    const { times } = createContext(main);
    for (let batch = 0; batch < 500; batch++) {
      const start = times.read();
      vi.advanceTimersByTime(1);
      times.read();
      times.countTurns(10, start);
    }
    expect(main.words.meanNanoseconds).toBeGreaterThan(99_000);
    expect(main.words.meanNanoseconds).toBeLessThanOrEqual(100_000);
  });

  test('a pause of the system is not taken for the cost of a turn', () => {
    const main = new MainSide();
    const { times } = createContext(main);
    const start = times.read();
    vi.advanceTimersByTime(1_000);
    times.read();
    times.countTurns(1, start);
    expect(main.words.meanNanoseconds).toBeLessThanOrEqual(10_000);
  });
});
