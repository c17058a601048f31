/** Which workers are ended for their memory, with workers and a process of the test. */

import { describe, expect, test } from 'vitest';
import { SILENT_LOGGER } from '../../../../src/runtime/server/runtime-logger.ts';
import { type MeasuredWorker, MemoryWatch } from '../../../../src/runtime/server/workers/memory-watch.ts';

const MB = 1_048_576;
const HEAP_MB = 100;

class FakeWorker implements MeasuredWorker {
  readonly slot: number;
  phase: MeasuredWorker['phase'] = 'serving';
  heapMb = 10;
  externalMb = 0;
  servingSince = 0;
  measurements = 0;

  constructor(slot: number) {
    this.slot = slot;
  }

  /** It never answers. */
  hangs = false;

  async measure() {
    this.measurements++;
    if (this.hangs) await new Promise(() => {});
    const heapBytes = this.heapMb * MB;
    return { heapBytes, committedBytes: heapBytes, externalBytes: this.externalMb * MB };
  }
}

function watch(maxRssMb?: number) {
  const workers = [new FakeWorker(0), new FakeWorker(1)] as const;
  const state = { rssMb: 200, now: 0 };
  const ended: number[] = [];
  const errors: string[] = [];
  const memory = new MemoryWatch<FakeWorker>({
    heapMb: HEAP_MB,
    maxRssMb,
    workers: () => workers,
    logger: { ...SILENT_LOGGER, error: (_details, message) => errors.push(message) },
    onTooLarge: ({ slot }) => ended.push(slot),
    onLargest: ({ slot }) => ended.push(slot),
    rss: () => state.rssMb * MB,
  });
  memory.begin();
  const look = async (rssMb: number) => {
    state.rssMb = rssMb;
    state.now += 50;
    memory.look(state.now);
    await new Promise(setImmediate);
  };
  return { memory, workers, ended, errors, look, state };
}

describe('a worker', () => {
  test('is not asked while the process does not grow', async () => {
    const { workers, look } = watch();
    for (const rssMb of [200, 220, 150, 180]) await look(rssMb);
    expect(workers[0].measurements).toBe(0);
    await look(190);
    expect(workers[0].measurements).toBe(1);
  });

  test('is ended if its heap is far above its limit', async () => {
    const { workers, ended, look } = watch();
    workers[1].heapMb = 1.6 * HEAP_MB;
    await look(400);
    expect(ended).toEqual([1]);
  });

  test('is ended if its heap stays a little above its limit, and not if that was garbage', async () => {
    const { workers, ended, look } = watch();
    for (const worker of workers) worker.heapMb = 1.3 * HEAP_MB;
    await look(400);
    expect(ended).toEqual([]);
    workers[0].heapMb = 20;
    await look(400);
    expect(ended).toEqual([1]);
  });

  test('that never answers is asked once, and keeps nobody from being judged', async () => {
    const { workers, ended, look } = watch();
    workers[0].hangs = true;
    workers[1].heapMb = 1.3 * HEAP_MB;
    await look(400);
    await look(500);
    expect(ended).toEqual([1]);
    expect(workers[0].measurements).toBe(1);
  });

  test('that was suspicious and has ended is forgotten', async () => {
    const { workers, look } = watch();
    workers[0].heapMb = 1.3 * HEAP_MB;
    await look(400);
    workers[0].phase = 'ended';
    await look(400);
    const { measurements } = workers[1];
    await look(400);
    expect(workers[1].measurements).toBe(measurements);
  });

  test('may hold four times as much outside its heap', async () => {
    const { workers, ended, look } = watch();
    workers[0].externalMb = 4 * HEAP_MB;
    await look(600);
    await look(700);
    expect(ended).toEqual([]);
    workers[0].externalMb = 6.1 * HEAP_MB;
    await look(1_000);
    expect(ended).toEqual([0]);
  });
});

describe('MAX_RSS_MB', () => {
  test('refuses requests and ends the largest worker, one a second, until there is enough', async () => {
    const { memory, workers, ended, look, state } = watch(500);
    await look(200);
    workers[0].externalMb = 90;
    workers[1].externalMb = 50;
    expect(memory.isShort).toBe(false);
    await look(501);
    expect(memory.isShort).toBe(true);
    await look(501);
    expect(ended).toEqual([0]);
    workers[0].phase = 'stuck';
    await look(490);
    expect(memory.isShort, 'that is not enough yet').toBe(true);
    expect(ended, 'the end of the first may be enough').toEqual([0]);
    state.now += 1_000;
    await look(490);
    expect(ended).toEqual([0, 1]);
    await look(470);
    expect(memory.isShort).toBe(false);
  });

  test('ends no worker that has little more memory than a fresh one, and says so once', async () => {
    const { memory, workers, ended, errors, look, state } = watch(500);
    await look(200);
    for (const worker of workers) worker.heapMb = 35;
    for (let second = 0; second < 10; second++) {
      await look(600);
      state.now += 1_000;
    }
    expect(memory.isShort).toBe(true);
    expect(ended).toEqual([]);
    expect(errors.filter((message) => message.includes('so none is ended'))).toHaveLength(1);
  });

  test('ends replacements that become as large at once less and less often', async () => {
    const { workers, ended, look, state } = watch(500);
    await look(200);
    for (let second = 0; second < 600; second++) {
      const before = ended.length;
      workers[0].externalMb = 200;
      await look(600);
      state.now += 950;
      if (ended.length > before) workers[0].servingSince = state.now;
    }
    expect(ended.length).toBeGreaterThan(2);
    expect(ended.length).toBeLessThan(12);
  });

  test('below what the process needs refuses the start', () => {
    expect(() => watch(150)).toThrow(
      'MAX_RSS_MB is 150, and with its first worker the process has 200 MB already',
    );
  });
});
