/** Workers that owe a sign of life, with workers and a clock of the test. */

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SILENT_LOGGER } from '../../../../src/runtime/server/runtime-logger.ts';
import { Watchdog, type WatchedWorker } from '../../../../src/runtime/server/workers/watchdog.ts';
import type { WorkerPhase } from '../../../../src/runtime/server/workers/worker-handle.ts';

const HANDLER_TIMEOUT_MS = 1_000;
const SLOTS = 6;

class WatchedFake implements WatchedWorker {
  readonly slot: number;
  phase: WorkerPhase = 'serving';
  /** It answers its pings. */
  isAlive = true;
  isTerminated = false;
  #pingedAt: number | null = null;
  #stuckAt = 0;

  constructor(slot = 0) {
    this.slot = slot;
  }

  ping(now: number): number {
    const since = this.isAlive ? now : (this.#pingedAt ?? now);
    this.#pingedAt = since;
    return now - since;
  }

  excuse(now: number): void {
    if (this.#pingedAt !== null) this.#pingedAt = now;
  }

  markStuck(now: number): void {
    this.phase = 'stuck';
    this.#stuckAt = now;
  }

  stuckFor(now: number): number {
    return this.phase === 'stuck' ? now - this.#stuckAt : 0;
  }

  terminate(): void {
    this.isTerminated = true;
  }
}

function createWatchdog() {
  const events: string[] = [];
  const debugging = { isAttached: false };
  const watchdog = new Watchdog<WatchedFake>({
    slots: SLOTS,
    handlerTimeoutMs: HANDLER_TIMEOUT_MS,
    areDeadlinesSuspended: () => debugging.isAttached,
    logger: SILENT_LOGGER,
    onLate: () => ({}),
    onStuck: ({ slot, isTerminated }) => events.push(`${slot} stuck${isTerminated ? ', terminated' : ''}`),
    onHung: ({ slot }) => events.push(`${slot} hung`),
    onHopeless: (reason) => events.push(reason),
  });
  return { watchdog, events, debugging };
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe('a worker', () => {
  test('that answers its pings is left alone', () => {
    const { watchdog, events } = createWatchdog();
    const worker = new WatchedFake();
    for (let now = 0; now < 100_000; now += 250) expect(watchdog.check([worker], now)).toBe(false);
    expect(events).toEqual([]);
  });

  test.each(['serving', 'draining'] as const)(
    'that is %s and owes an answer for too long is ended',
    (phase) => {
      const { watchdog, events } = createWatchdog();
      const worker = new WatchedFake();
      worker.phase = phase;
      worker.isAlive = false;
      expect(watchdog.check([worker], 1_000)).toBe(false);
      expect(watchdog.check([worker], 1_000 + HANDLER_TIMEOUT_MS)).toBe(false);
      expect(watchdog.check([worker], 1_001 + HANDLER_TIMEOUT_MS)).toBe(true);
      expect(events, 'it is taken out of sight before it is terminated').toEqual(['0 stuck']);
      expect(worker.isTerminated).toBe(true);
    },
  );

  test('that owes an answer while a debugger is attached gets the whole time again afterwards', () => {
    const { watchdog, events, debugging } = createWatchdog();
    const worker = new WatchedFake();
    worker.isAlive = false;
    debugging.isAttached = true;
    for (let now = 0; now <= 100_000; now += 250) expect(watchdog.check([worker], now)).toBe(false);
    debugging.isAttached = false;
    expect(watchdog.check([worker], 100_000 + HANDLER_TIMEOUT_MS)).toBe(false);
    expect(watchdog.check([worker], 100_001 + HANDLER_TIMEOUT_MS)).toBe(true);
    expect(events).toEqual(['0 stuck']);
  });

  test.each(['starting', 'ended'] as const)('that is %s owes nothing', (phase) => {
    const { watchdog, events } = createWatchdog();
    const worker = new WatchedFake();
    worker.phase = phase;
    worker.isAlive = false;
    for (let now = 0; now < 10_000; now += 250) watchdog.check([worker], now);
    expect(events).toEqual([]);
  });

  test('that ends when it is terminated is not taken for one that hangs', () => {
    const { watchdog, events } = createWatchdog();
    const worker = new WatchedFake();
    worker.isAlive = false;
    watchdog.check([worker], 0);
    watchdog.check([worker], HANDLER_TIMEOUT_MS + 1);
    worker.phase = 'ended';
    vi.advanceTimersByTime(10_000);
    expect(events).toEqual(['0 stuck']);
  });

  test('that is still there a second later hangs', () => {
    const { watchdog, events } = createWatchdog();
    const worker = new WatchedFake();
    worker.isAlive = false;
    watchdog.check([worker], 0);
    watchdog.check([worker], HANDLER_TIMEOUT_MS + 1);
    vi.advanceTimersByTime(999);
    expect(events).toEqual(['0 stuck']);
    vi.advanceTimersByTime(1);
    expect(events).toEqual(['0 stuck', '0 hung']);
  });
});

describe('the process', () => {
  test.each([
    [SLOTS - 1, []],
    [SLOTS, ['all 6 worker threads hang in native calls and do not end']],
  ])('ends only if nobody can serve any more: with %i lost threads of 6', (count, expected) => {
    const { watchdog, events } = createWatchdog();
    const workers = Array.from({ length: count }, (_, slot) => new WatchedFake(slot));
    for (const worker of workers) worker.markStuck(0);
    watchdog.check(workers, 5_000);
    expect(events, 'they may still come back').toEqual([]);
    watchdog.check(workers, 5_001);
    expect(events).toEqual(expected);
  });
});
