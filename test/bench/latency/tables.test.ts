import { expect, test } from 'vitest';
import type { LatencyResult } from '../../../bench/laboratory/results.ts';
import { memoryTable, stageTable, throughputTable } from '../../../bench/latency/tables.ts';
import { counted } from '../../../bench/latency/timed-server-process.ts';
import { makeMarkdown, makeReport } from '../../../bench/report/make-report.ts';
import { worseStages } from '../../../bench/report/sections/worse-stages.ts';
import { exampleRun, rowOf, sectionOf } from '../report/support.ts';

function verdicts(table: string): Record<string, string> {
  const rows = table.split('\n').slice(2);
  return Object.fromEntries(
    rows.map((row) => {
      const cells = row.split('|').map((cell) => cell.trim());
      return [cells[1] ?? '', cells.at(-2) ?? ''];
    }),
  );
}

test('a stage is called worse where it is', () => {
  const time = (stage: string, p50Ms: number, p99Ms: number) => ({ stage, requests: 1, p50Ms, p99Ms });
  const table = stageTable({
    name: 'x',
    about: 'x',
    rate: 1,
    stages: [
      time('accept', 0.02, 0.03),
      time('parse', 0.01, 0.04),
      time('write', 0.01, 0.2),
      time('database', 1, 60),
      time('queue', 1, 1),
    ],
  });
  expect(verdicts(table)).toEqual({
    accept: 'worse',
    parse: 'better',
    write: 'better, worse at p99',
    database: 'better, worse at p99',
    queue: '–',
  });
});

test('a stage may be within what the design allows', () => {
  const stages = [{ stage: 'database', requests: 1, p50Ms: 10, p99Ms: 40 }];
  expect(verdicts(stageTable({ name: 'x', about: 'x', rate: 1, stages }))).toEqual({ database: 'within' });
});

test('fewer requests and more memory are called worse', () => {
  const throughput = [
    { scenario: 'vm-read', workers: 1, requestsPerSecond: 2_001 },
    { scenario: 'vm-read', workers: 16, requestsPerSecond: 14_999 },
  ];
  expect(verdicts(throughputTable(throughput))).toEqual({
    'vm-read, 1 thread': 'better',
    'vm-read, 16 threads': 'worse',
  });
  const memory = { baseMb: 40, threadMb: 1, databaseMb: 9, totalMb: 160, loadedMb: 240 };
  expect(Object.values(verdicts(memoryTable(memory)))).toEqual([
    'worse',
    'better',
    'better',
    'worse',
    'worse',
    'better',
  ]);
});

test('what was counted between two readings is their difference', () => {
  const before = new Map([['queue', [1, 2]] as const]);
  const after = new Map([['queue', [1, 5]] as const, ['parse', [3, 0]] as const]);
  expect([...counted(before, after)]).toEqual([
    ['queue', [0, 3]],
    ['parse', [3, 0]],
  ]);
});

const LATENCY: LatencyResult = {
  startedAt: '2026-11-28T00:00:00.000Z',
  workers: 8,
  scenarios: [
    {
      name: 'vm-read',
      about: 'GET /api/vms/:id',
      rate: 200,
      stages: [
        { stage: 'queue', requests: 9, p50Ms: 0.1, p99Ms: 0.9 },
        { stage: 'middleware', requests: 9, p50Ms: 0.03, p99Ms: 0.05 },
      ],
    },
  ],
  throughput: [],
};

test('a run with these results has a section of the report and a chart', async () => {
  const run = { ...exampleRun(), latency: LATENCY };
  const section = sectionOf(makeMarkdown(run, ''), 'Where the time of a request goes');
  expect(rowOf(section, 'middleware').slice(1)).toEqual(['9', '0.0300', '0.0500', '0.02', 'worse']);
  expect(section).toContain('The longest stages of vm-read: queue 0.100 ms and middleware 0.0300 ms');
  expect([...(await makeReport(run, '')).keys()]).toContain('stages-dark.svg');
});

test('the report says by how much a stage is worse at most, where, and why', () => {
  const scenario = (name: string, times: readonly (readonly [string, number, number])[]) => ({
    ...{ name, about: name, rate: 200 },
    stages: times.map(([stage, p50Ms, p99Ms]) => ({ stage, requests: 9, p50Ms, p99Ms })),
  });
  const words = worseStages([
    scenario('plain', [
      ['accept', 0.02, 0.03],
      ['write', 0.05, 0.2],
    ]),
    scenario('jwt', [
      ['accept', 0.04, 0.05],
      ['parse', 0.01, 0.02],
    ]),
  ]);
  const [accept, others] = words?.split('\n').filter((line) => line.startsWith('- ')) ?? [];
  expect(accept).toContain('accept (p50 up to 0.0400 ms, 4.00 times the design’s, in plain and jwt): ');
  expect(others).toContain('write (p99 up to 0.200 ms, 2.00 times the design’s, in plain): client');
  expect(worseStages([scenario('plain', [['parse', 0.01, 0.02]])])).toBeUndefined();
});

test('memory that was measured alone is what stands beside the design', () => {
  const memory = { baseMb: 40, threadMb: 3, databaseMb: 9, totalMb: 160, loadedMb: 240 };
  const section = sectionOf(makeMarkdown({ ...exampleRun(), latency: { ...LATENCY, memory } }, ''), 'Memory');
  expect(rowOf(section, 'each worker').slice(1)).toEqual(['3.00', '2', 'worse']);
  expect(sectionOf(makeMarkdown(exampleRun(), ''), 'Memory')).toContain('Where it takes more');
});

test('a run without them says so', () => {
  const section = sectionOf(makeMarkdown(exampleRun(), ''), 'Where the time of a request goes');
  expect(section.trim()).toBe('Not measured in this run.');
});
