import { describe, expect, test } from 'vitest';
import { check } from './checker.ts';
import { parkingModel } from './parking/model.ts';
import type { ParkingBug, ParkingOptions } from './parking/state.ts';

describe('the parking protocol in every interleaving of main, 2 workers and 2 clients', () => {
  test.each<[string, ParkingOptions]>([
    ['two clients', { requests: [1, 1] }],
    ['a client that sends while it is served', { requests: [2] }],
    ['handlers in flight, full workers', { requests: [1, 1], asynchronous: 1 }],
    ['a worker dies at any step', { requests: [1], deaths: 1 }],
  ])('%s: no wake-up is lost, everything is served, everybody comes to rest', (_, options) => {
    const { violation, states, restStates } = check(parkingModel(options));
    expect(violation?.trace).toBeUndefined();
    expect(states).toBeGreaterThan(1_000);
    expect(restStates).toBeGreaterThan(0);
  });

  test.each<[ParkingBug, string]>([
    ['worker looks before it sets its flag', 'a connection stands in the queue and everybody sleeps'],
    ['main looks before it sets its flag', 'a record lies in a ring and everybody sleeps'],
  ])('finds the planted bug: %s', (bug, message) => {
    const { violation } = check(parkingModel({ bug, requests: [1, 1] }));
    expect(violation?.message).toBe(message);
  });
});
