import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { InvariantError } from '../../../src/platform/invariant.ts';
import {
  HandlersInFlight,
  type HandlersInFlightOptions,
  type WaitingTurn,
} from '../../../src/runtime/worker/handlers-in-flight.ts';
import { MainSide } from './support/main-side.ts';
import { createContext } from './support/worker-side.ts';

const TIMEOUT_MS = 800;

/** A turn that has waited for its handler since now; like a real one, it waits no longer once it is answered. */
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

describe('handlers in flight', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'], now: 1_000 });
    // 0 stands for "waits for no handler".
    vi.advanceTimersByTime(1_000);
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('are counted where main and other workers can see it', () => {
    const { main, handlers, begin } = stage();
    begin(0);
    begin(1);
    expect([handlers.count, main.words.inFlight]).toEqual([2, 2]);
    handlers.settled(false);
    expect([handlers.count, main.words.inFlight]).toEqual([1, 1]);
  });

  test('are answered in their place when their time is over, once each', () => {
    const { begin } = stage();
    const early = begin(0);
    vi.advanceTimersByTime(TIMEOUT_MS / 2);
    const later = begin(1);
    vi.advanceTimersByTime(TIMEOUT_MS * 0.75);
    expect([early.timeouts, later.timeouts]).toEqual([1, 0]);
    vi.advanceTimersByTime(TIMEOUT_MS * 10);
    expect([early.timeouts, later.timeouts]).toEqual([1, 1]);
  });

  test('that are late stay in flight until they settle', () => {
    const { handlers, begin } = stage();
    begin(0);
    vi.advanceTimersByTime(TIMEOUT_MS * 2);
    expect(handlers.count).toBe(1);
    handlers.settled(true);
    expect(handlers.count).toBe(0);
  });

  test('have a deadline that turns waiting for something else have not', () => {
    const { turns, begin } = stage();
    const sending = new FakeTurn();
    sending.handlerSince = 0;
    turns.set(1, sending);
    begin(0);
    vi.advanceTimersByTime(TIMEOUT_MS * 2);
    expect(sending.timeouts).toBe(0);
  });

  test('exhaust the worker when more than half of what it may have is late', () => {
    const { begin, exhausted } = stage();
    begin(0);
    begin(1);
    vi.advanceTimersByTime(TIMEOUT_MS * 2);
    expect(exhausted(), 'two of four').toBe(0);
    begin(2);
    vi.advanceTimersByTime(TIMEOUT_MS * 2);
    expect(exhausted(), 'three of four').toBeGreaterThan(0);
  });

  test('do not exhaust it when the late ones settle', () => {
    const { handlers, begin, exhausted } = stage();
    for (let round = 0; round < 5; round++) {
      begin(round);
      vi.advanceTimersByTime(TIMEOUT_MS * 2);
      handlers.settled(true);
    }
    expect(exhausted()).toBe(0);
  });

  test('keep a timer only for as long as there are any', () => {
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

  test('have no timer after the end', () => {
    const { handlers, begin } = stage();
    begin(0);
    handlers.stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('settle as often as they were started, and no more', () => {
    const { handlers, begin } = stage();
    begin(0);
    handlers.settled(false);
    expect(() => handlers.settled(false)).toThrow(InvariantError);
  });

  test('that were in time are not taken for late ones', () => {
    const { handlers, begin } = stage();
    begin(0);
    expect(() => handlers.settled(true)).toThrow(InvariantError);
  });
});
