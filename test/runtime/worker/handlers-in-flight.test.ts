import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { InvariantError } from '../../../src/platform/invariant.ts';
import {
  HandlersInFlight,
  type HandlersInFlightOptions,
  type WaitingTurn,
} from '../../../src/runtime/worker/handlers-in-flight.ts';
import { useFakeClock, useRealClock } from './support/fake-clock.ts';
import { MainSide } from './support/main-side.ts';
import { createContext } from './support/worker-side.ts';

const TIMEOUT_MS = 800;

/**
 * A turn that has waited for its handler since now. Like a real one, it stops waiting once it is answered.
 */
class FakeTurn implements WaitingTurn {
  handlerSince = performance.now();
  timeouts = 0;

  handlerTimedOut(): void {
    this.timeouts++;
    this.handlerSince = 0;
  }
}

function stage(options: Partial<HandlersInFlightOptions> = {}) {
  const main = new MainSide();
  const { words, times } = createContext(main);
  const turns = new Map<number, FakeTurn>();
  let exhausted = 0;
  const handlers = new HandlersInFlight({
    words,
    times,
    turns,
    maxInFlight: 4,
    handlerTimeoutMs: TIMEOUT_MS,
    areDeadlinesSuspended: () => false,
    onExhausted: () => exhausted++,
    ...options,
  });
  const begin = (connection: number): FakeTurn => {
    const turn = new FakeTurn();
    turns.set(connection, turn);
    handlers.started();
    return turn;
  };
  return { main, times, turns, handlers, begin, exhausted: () => exhausted };
}

describe('HandlersInFlight', () => {
  beforeEach(() => {
    useFakeClock({ toFake: ['setInterval', 'clearInterval', 'performance'], now: 1_000 });
    // 0 stands for "waits for no handler".
    vi.advanceTimersByTime(1_000);
  });
  afterEach(() => {
    useRealClock();
  });

  test('main and other workers see how many handlers are in flight', () => {
    const { main, handlers, begin } = stage();
    begin(0);
    begin(1);
    expect([handlers.count, main.words.inFlight]).toEqual([2, 2]);
    handlers.settled(false);
    expect([handlers.count, main.words.inFlight]).toEqual([1, 1]);
  });

  test('each handler whose time is over is answered in its place, once', () => {
    const { begin } = stage();
    const early = begin(0);
    vi.advanceTimersByTime(TIMEOUT_MS / 2);
    const later = begin(1);
    vi.advanceTimersByTime(TIMEOUT_MS * 0.75);
    expect([early.timeouts, later.timeouts]).toEqual([1, 0]);
    vi.advanceTimersByTime(TIMEOUT_MS * 10);
    expect([early.timeouts, later.timeouts]).toEqual([1, 1]);
  });

  test('no handler is late while a debugger is attached', () => {
    let isAttached = true;
    const { begin } = stage({ areDeadlinesSuspended: () => isAttached });
    const turn = begin(0);
    vi.advanceTimersByTime(TIMEOUT_MS * 10);
    expect(turn.timeouts).toBe(0);
    isAttached = false;
    vi.advanceTimersByTime(TIMEOUT_MS);
    expect(turn.timeouts, 'deadlines count again').toBe(1);
  });

  test('a late handler stays in flight until it settles', () => {
    const { handlers, begin } = stage();
    begin(0);
    vi.advanceTimersByTime(TIMEOUT_MS * 2);
    expect(handlers.count).toBe(1);
    handlers.settled(true);
    expect(handlers.count).toBe(0);
  });

  test('a turn that waits for something other than a handler has no deadline here', () => {
    const { turns, begin } = stage();
    const sending = new FakeTurn();
    sending.handlerSince = 0;
    turns.set(1, sending);
    begin(0);
    vi.advanceTimersByTime(TIMEOUT_MS * 2);
    expect(sending.timeouts).toBe(0);
  });

  test('a worker is exhausted when more than half of the handlers that it may have are late', () => {
    const { begin, exhausted } = stage();
    begin(0);
    begin(1);
    vi.advanceTimersByTime(TIMEOUT_MS * 2);
    expect(exhausted(), 'two of four').toBe(0);
    begin(2);
    vi.advanceTimersByTime(TIMEOUT_MS * 2);
    expect(exhausted(), 'three of four').toBeGreaterThan(0);
  });

  test('late handlers that settle do not exhaust the worker', () => {
    const { handlers, begin, exhausted } = stage();
    for (let round = 0; round < 5; round++) {
      begin(round);
      vi.advanceTimersByTime(TIMEOUT_MS * 2);
      handlers.settled(true);
    }
    expect(exhausted()).toBe(0);
  });

  test('the timer runs only while there are handlers in flight', () => {
    const { handlers, begin } = stage();
    expect(vi.getTimerCount()).toBe(0);
    begin(0);
    begin(1);
    expect(vi.getTimerCount()).toBe(1);
    handlers.settled(false);
    handlers.settled(false);
    vi.advanceTimersByTime(TIMEOUT_MS);
    expect(vi.getTimerCount()).toBe(0);
    const next = begin(2);
    vi.advanceTimersByTime(TIMEOUT_MS * 2);
    expect(next.timeouts, 'watched again').toBe(1);
  });

  test('no timer is left after the end', () => {
    const { handlers, begin } = stage();
    begin(0);
    handlers.stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('no more handlers settle than were started', () => {
    const { handlers, begin } = stage();
    begin(0);
    handlers.settled(false);
    expect(() => handlers.settled(false)).toThrow(InvariantError);
  });

  test('a handler that was in time cannot settle as a late one', () => {
    const { handlers, begin } = stage();
    begin(0);
    expect(() => handlers.settled(true)).toThrow(InvariantError);
  });
});
