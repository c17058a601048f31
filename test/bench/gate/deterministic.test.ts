/** The counts of the gate, on programs and servers for which the right ones are known. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { bundleProbe } from '../../../bench/gate/deterministic/instructions/bundle-probe.ts';
import {
  countBetweenMarks,
  whyNoValgrind,
} from '../../../bench/gate/deterministic/instructions/callgrind.ts';
import { settledCounts } from '../../../bench/gate/deterministic/instructions/instructions.ts';
import { GROUPS, type Measurement } from '../../../bench/gate/deterministic/instructions/measurements.ts';
import { measureModule } from '../../../bench/gate/deterministic/module.ts';
import { CountedServer } from '../../../bench/gate/deterministic/per-request/counted-server.ts';
import { LockstepClient } from '../../../bench/gate/deterministic/per-request/lockstep-client.ts';
import { transfersOf, whyNoTransfers } from '../../../bench/gate/deterministic/per-request/system-calls.ts';
import { ROOT } from '../../../bench/gate/tree.ts';

const TREE = { name: 'this tree', root: ROOT, entry: 'src/main.ts' };

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'gate-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

test('the module is measured, and calls nothing', () => {
  const { values } = measureModule(TREE);
  expect(values.get('module.bytes')).toBeGreaterThan(1000);
  expect(values.get('module.imported-functions')).toBe(0);
});

test.runIf(whyNoValgrind() === undefined)(
  'twice the work counts twice the instructions, to within the marks',
  { timeout: 300_000 },
  async () => {
    const script = join(scratch(), 'work.mjs');
    writeFileSync(
      script,
      `import { getPriority } from 'node:os';
       let sum = 0;
       const work = (times) => { for (let time = 0; time < times; time += 1) sum = (sum + time * 7) | 0; };
       for (let time = 0; time < 1000; time += 1) work(100);
       for (const times of [20000, 40000, 40000]) { getPriority(); work(times); }
       getPriority();`,
    );
    const [once = 0, twice = 0, again = 0] = await countBetweenMarks(script, []);
    expect(Math.abs(twice / again - 1)).toBeLessThan(0.01);
    expect(twice / once).toBeGreaterThan(1.9);
    expect(twice / once).toBeLessThan(2.1);
  },
);

test('every operation whose instructions are counted runs', async () => {
  const probe = join(scratch(), 'probe.mjs');
  await bundleProbe(TREE, probe);
  for (const group of Object.keys(GROUPS)) {
    const { status, stderr } = spawnSync(process.execPath, [probe, group], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  }
});

test('a request is one call into WebAssembly, and its copy into shared memory is counted', async () => {
  await using server = await CountedServer.start(TREE);
  await server.ask('count-copies');
  using client = await LockstepClient.connect(`${server.url}/params/one/two`, {
    connections: 4,
    pipelined: 5,
  });
  const before = await server.ask('counts');
  const requests = await client.ask(100);
  const after = await server.ask('counts');
  const sum = (counts: typeof after, name: 'boundaryCalls' | 'copiedBytes' | 'allocatedBytes') =>
    counts.reduce((total, thread) => total + thread[name], 0);
  const { request } = client.bytes;
  expect(requests).toBe(100);
  expect(after.map(({ isMain }) => isMain).toSorted()).toEqual([false, true]);
  expect(sum(after, 'boundaryCalls') - sum(before, 'boundaryCalls')).toBe(requests);
  const copied = (sum(after, 'copiedBytes') - sum(before, 'copiedBytes')) / requests;
  // A worker writes small texts byte by byte, which is not seen, and main may send them from the ring.
  expect(copied).toBeGreaterThanOrEqual(request);
  expect(sum(after, 'allocatedBytes')).toBeGreaterThan(sum(before, 'allocatedBytes'));
});

test.runIf(whyNoTransfers() === undefined)('requests cost reads and writes', async () => {
  await using server = await CountedServer.start(TREE);
  using client = await LockstepClient.connect(`${server.url}/params/one/two`, {
    connections: 1,
    pipelined: 1,
  });
  const before = transfersOf(server.pid);
  const requests = await client.ask(200);
  expect(transfersOf(server.pid) - before).toBeGreaterThanOrEqual(2 * requests);
});

test('a server that answers otherwise than the first time is an error', async () => {
  await using server = await CountedServer.start(TREE);
  await expect(
    LockstepClient.connect(`${server.url}/nothing`, { connections: 1, pipelined: 1 }),
  ).rejects.toThrow('has not answered with 200');
});

describe('counts between marks', () => {
  const operation: Measurement = { operation: 'encode-health', warmUp: 1, times: 10 };
  /** Two series of five rounds, each after a mark, with the warm-up of the second one between them. */
  const marks = (first: number, second: number) => [
    ...[first, first, first * 3, first, first],
    99_999,
    ...[second, second * 3, second, second, second],
  ];

  test('are the least of the last series, for one operation', () => {
    const { values } = settledCounts([operation], marks(1005, 1000));
    expect(values.get('instructions.encode-health')).toBe(100);
  });

  test('are none if V8 was still optimising', () => {
    const { values, skipped } = settledCounts([operation], marks(1020, 1000));
    expect(values.size).toBe(0);
    expect(skipped.get('instructions.encode-health')).toContain('102 instructions, then 100');
  });
});
