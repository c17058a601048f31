/** How long requests have waited, are expected to wait, and may wait. */

import { describe, expect, test } from 'vitest';
import { ExpectedWait } from '../../../../src/runtime/server/overload/expected-wait.ts';
import { Patience } from '../../../../src/runtime/server/overload/patience.ts';
import { WaitingTimes } from '../../../../src/runtime/server/overload/waiting-times.ts';

describe.each([0, 0x7fff_fffe, -3])('waiting times, from position %d', (start) => {
  const at = (offset: number) => (start + offset) | 0;

  test('count from the first look after an entry has come', () => {
    const waiting = new WaitingTimes();
    waiting.look(at(0), at(2), 100);
    waiting.look(at(0), at(2), 110);
    waiting.look(at(0), at(5), 120);
    expect([0, 1, 2, 4].map((offset) => waiting.of(at(offset), 130))).toEqual([30, 30, 10, 10]);
    expect(waiting.of(at(5), 130), 'it has come since the last look').toBe(0);
  });

  test('tell the entries that have waited for long enough', () => {
    const waiting = new WaitingTimes();
    waiting.look(at(0), at(2), 100);
    waiting.look(at(0), at(5), 120);
    expect(waiting.endOfThoseThatWaited(31, 130)).toBe(at(0));
    expect(waiting.endOfThoseThatWaited(30, 130)).toBe(at(2));
    expect(waiting.endOfThoseThatWaited(10, 130)).toBe(at(5));
    waiting.look(at(3), at(5), 130);
    expect(waiting.endOfThoseThatWaited(30, 130), 'those are gone').toBe(at(3));
  });
});

describe('the expected wait', () => {
  const free = { isAnyoneFree: true, head: 0, length: 0, waited: 0 };
  const busy = { ...free, isAnyoneFree: false };

  test('is nothing while a worker is free, however long nothing was taken', () => {
    const expected = new ExpectedWait();
    expect(expected.look({ ...free, now: 60_000 })).toBe(0);
  });

  test('is as long as no worker has taken anything or was free to, even if nothing waits', () => {
    const expected = new ExpectedWait();
    expected.look({ ...free, now: 1_000 });
    expect(expected.look({ ...busy, now: 4_000 })).toBe(3_000);
    expect(expected.look({ ...busy, now: 5_000, head: 1 }), 'one was taken').toBe(0);
  });

  test('is no shorter for what main has popped itself', () => {
    const expected = new ExpectedWait();
    expected.popped(3);
    expect(expected.look({ ...busy, now: 2_000, head: 3 })).toBe(2_000);
  });

  test('is the length of the queue at the speed with which workers empty it', () => {
    const expected = new ExpectedWait();
    expected.look({ ...busy, now: 100, head: 0, length: 300, waited: 0 });
    // 10 in 100 ms.
    expect(expected.look({ ...busy, now: 200, head: 10, length: 30, waited: 100 })).toBe(300);
  });

  test('does not trust a slow start: it is at most four times what the head has waited', () => {
    const expected = new ExpectedWait();
    expected.look({ ...busy, now: 0, head: 0, length: 512 });
    expect(expected.look({ ...busy, now: 100, head: 1, length: 511, waited: 100 })).toBe(400);
  });
});

describe('the limit', () => {
  test('is MAX_QUEUE_WAIT_MS while clients wait', () => {
    expect(new Patience(5_000).limit(100)).toBe(5_000);
  });

  test('is not changed by clients that leave soon, and hardly by a single one', () => {
    const patience = new Patience(5_000);
    for (let client = 0; client < 100; client++) patience.left(200, 100);
    expect(patience.limit(100)).toBe(5_000);
    patience.left(1_000, 100);
    expect(patience.limit(100)).toBeGreaterThan(4_000);
  });

  test('comes to half of the time after which clients leave', () => {
    const patience = new Patience(5_000);
    for (let client = 0; client < 100; client++) patience.left(1_000, 100);
    expect(patience.limit(100)).toBeCloseTo(500, 0);
  });

  test('does not fall below a short wait, which bounds what bad clients can do to others', () => {
    const patience = new Patience(5_000);
    for (let client = 0; client < 100; client++) patience.left(260, 100);
    expect(patience.limit(100)).toBe(250);
    expect(new Patience(100).limit(100), 'unless the setting is lower').toBe(100);
  });

  test('is forgotten when it was not needed for ten seconds', () => {
    const patience = new Patience(5_000);
    for (let client = 0; client < 100; client++) patience.left(1_000, 100);
    patience.needed(9_000);
    expect(patience.limit(19_000)).toBeLessThan(600);
    expect(patience.limit(19_001)).toBe(5_000);
  });
});
