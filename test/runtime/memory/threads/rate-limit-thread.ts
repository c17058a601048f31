/**
 * A worker of the stress test of rate limits. It sends requests of all clients at one moment, each client's
 * more often than is allowed, and says how many were granted.
 */
import { parentPort, workerData } from 'node:worker_threads';
import {
  type Allowance,
  type ClientPlace,
  RateLimitTable,
} from '../../../../src/runtime/memory/clients/rate-limit-table.ts';

export interface RateLimitThreadData {
  readonly buffer: SharedArrayBuffer;
  readonly places: readonly ClientPlace[];
  readonly allowance: Allowance;
  readonly requestsOfEach: number;
  readonly now: number;
  /** All threads begin when this word is 1. */
  readonly gate: Int32Array;
}

const { buffer, places, allowance, requestsOfEach, now, gate } = workerData as RateLimitThreadData;
const table = new RateLimitTable(buffer);
parentPort?.postMessage('ready');
Atomics.wait(gate, 0, 0);
const granted = places.map(() => 0);
for (let request = 0; request < requestsOfEach; request++) {
  for (const [client, place] of places.entries()) {
    if (table.take(place, allowance, now).isGranted) granted[client] = (granted[client] ?? 0) + 1;
  }
}
parentPort?.postMessage(granted);
