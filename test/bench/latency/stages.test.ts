import { expect, test } from 'vitest';
import { timeStages } from '../../../bench/latency/stages.ts';
import { SCENARIOS } from '../../../bench/latency/workload.ts';

test('the stages of each kind of request are timed by a server of its own', {
  timeout: 120_000,
}, async () => {
  const notes: string[] = [];
  const scenarios = await timeStages({
    workers: 1,
    rate: 20,
    connections: 4,
    seconds: 1,
    warmUpSeconds: 0,
    note: (text) => notes.push(text),
  });
  expect(scenarios.map(({ name }) => name)).toEqual([...SCENARIOS]);
  expect(notes).toHaveLength(SCENARIOS.length);
  const read = scenarios.find(({ name }) => name === 'vm-read');
  const requests = Object.fromEntries(read?.stages.map((time) => [time.stage, time.requests]) ?? []);
  expect(requests).toMatchObject({ parse: 20, match: 20, middleware: 20, controller: 20, database: 20 });
  for (const { p50Ms, p99Ms } of read?.stages ?? []) expect(p99Ms).toBeGreaterThanOrEqual(p50Ms);
});
