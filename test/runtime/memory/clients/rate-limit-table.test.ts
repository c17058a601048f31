import { describe, expect, test } from 'vitest';
import { RATE_LIMIT_BYTES, RateLimitTable } from '../../../../src/runtime/memory/clients/rate-limit-table.ts';
import { RATE_LIMIT_WAYS } from '../../../../src/runtime/memory/layout.ts';
import type { RateLimitThreadData } from '../threads/rate-limit-thread.ts';
import { sharedWords, TestThread } from '../threads/thread.ts';

const SECOND = 1_000_000;
/** 60 in a minute. */
const ALLOWANCE = { requests: 60, interval: SECOND };
const NOW = 123_456_789_000;
const CLIENT = { set: 7, tag: 0xabcdef };

const table = () => new RateLimitTable(new SharedArrayBuffer(RATE_LIMIT_BYTES));

/** @returns how many are granted until one is refused */
function useUp(used: RateLimitTable, client = CLIENT, now = NOW): number {
  for (let count = 0; ; count++) if (!used.take(client, ALLOWANCE, now).isGranted) return count;
}

describe('a client', () => {
  test('may use its whole allowance at once, and no more', () => {
    const used = table();
    expect(used.take(CLIENT, ALLOWANCE, NOW)).toEqual({ isGranted: true, remaining: 59, wait: SECOND });
    for (let count = 0; count < 58; count++) used.take(CLIENT, ALLOWANCE, NOW);
    expect(used.take(CLIENT, ALLOWANCE, NOW)).toEqual({ isGranted: true, remaining: 0, wait: SECOND });
    const refused = { isGranted: false, remaining: 0, wait: SECOND };
    expect(used.take(CLIENT, ALLOWANCE, NOW)).toEqual(refused);
    expect(used.take(CLIENT, ALLOWANCE, NOW)).toEqual(refused);
    expect(used.take(CLIENT, ALLOWANCE, NOW + SECOND / 4)).toEqual({ ...refused, wait: (SECOND * 3) / 4 });
  });

  test('gets it back evenly, and all of it in a minute', () => {
    const used = table();
    useUp(used);
    expect(useUp(used, CLIENT, NOW + SECOND - 1)).toBe(0);
    expect(useUp(used, CLIENT, NOW + SECOND)).toBe(1);
    expect(useUp(used, CLIENT, NOW + 11 * SECOND)).toBe(10);
    expect(useUp(used, CLIENT, NOW + 71 * SECOND)).toBe(60);
    expect(useUp(used, CLIENT, NOW + 1_000 * SECOND)).toBe(60);
  });

  test.each([
    ['where the times wrap around', 2 ** 40 * 3 - 30 * SECOND],
    ['where their halves do', 2 ** 32 * 5 - 30 * SECOND],
    ['at the beginning', 0],
  ])('is counted %s', (_, now) => {
    const used = table();
    expect(useUp(used, CLIENT, now)).toBe(60);
    expect(useUp(used, CLIENT, now + 45 * SECOND)).toBe(45);
    expect(useUp(used, CLIENT, now + 2 ** 39)).toBe(60);
    expect(useUp(used, CLIENT, now + 2 ** 39 + 2 ** 39 + 100 * SECOND)).toBe(60);
  });

  test.each([1, 7, 60, 59_999, 1_000_000])('has %i requests, to the last one', (requests) => {
    const allowance = { requests, interval: Math.floor((60 * SECOND) / requests) };
    let granted = 0;
    const whole = table();
    while (whole.take(CLIENT, allowance, NOW).isGranted) granted++;
    expect(granted).toBe(requests);
  });
});

describe('clients of one set', () => {
  const clients = (count: number) => Array.from({ length: count }, (_, tag) => ({ set: 7, tag: tag + 1 }));

  test('each have their own allowance, as many as there are words', () => {
    const used = table();
    for (const client of clients(RATE_LIMIT_WAYS)) expect(useUp(used, client)).toBe(60);
    for (const client of clients(RATE_LIMIT_WAYS)) expect(useUp(used, client)).toBe(0);
  });

  test('do not make the server forget one that has used up its allowance, however many they are', () => {
    const used = table();
    useUp(used);
    for (const client of clients(10_000)) expect(used.take(client, ALLOWANCE, NOW).isGranted).toBe(true);
    expect(useUp(used)).toBe(0);
  });

  test('never use up what is another one’s', () => {
    const used = table();
    for (const client of clients(1_000)) useUp(used, client);
    expect(used.take(CLIENT, ALLOWANCE, NOW)).toMatchObject({ isGranted: true, remaining: 59 });
  });

  test('take the words of those that have their whole allowance back', () => {
    const used = table();
    for (const client of clients(RATE_LIMIT_WAYS)) used.take(client, ALLOWANCE, NOW);
    useUp(used, CLIENT, NOW + 2 * SECOND);
    for (const client of clients(RATE_LIMIT_WAYS - 1)) useUp(used, client, NOW + 2 * SECOND);
    expect(useUp(used, CLIENT, NOW + 2 * SECOND)).toBe(0);
  });

  test('of another set are independent, also with the same tag', () => {
    const used = table();
    useUp(used);
    expect(useUp(used, { ...CLIENT, set: 8 })).toBe(60);
  });
});

test('threads that count the same clients at the same moment grant each its allowance exactly once', async () => {
  const THREADS = 4;
  const buffer = new SharedArrayBuffer(RATE_LIMIT_BYTES);
  const allowance = { requests: 5_000, interval: 60 };
  const places = Array.from({ length: RATE_LIMIT_WAYS }, (_, tag) => ({ set: 3, tag: tag + 1 }));
  // Each has a word. Those of a new client may race, see the head of rate-limit-table.ts.
  const used = new RateLimitTable(buffer);
  for (const place of places) expect(used.take(place, allowance, NOW).isGranted).toBe(true);
  const gate = sharedWords(1);
  const data: RateLimitThreadData = { buffer, places, allowance, requestsOfEach: 5_000, now: NOW, gate };
  await using stack = new AsyncDisposableStack();
  const threads = Array.from({ length: THREADS }, () =>
    stack.use(new TestThread('rate-limit-thread.ts', data)),
  );
  await Promise.all(threads.map((thread) => thread.nextMessage()));
  Atomics.store(gate, 0, 1);
  Atomics.notify(gate, 0);
  const counts = (await Promise.all(threads.map((thread) => thread.nextMessage()))) as number[][];
  const sums = places.map((_, client) => counts.reduce((sum, counted) => sum + (counted[client] ?? 0), 1));
  expect(sums).toEqual(places.map(() => allowance.requests));
});
