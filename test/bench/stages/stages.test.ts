import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { wholeGain } from '../../../bench/stages/amdahl.ts';
import { CORE_CASES } from '../../../bench/stages/cases.ts';

test("Amdahl's law: a part that becomes faster gains no more than it takes", () => {
  expect(wholeGain(0.5, 2)).toBeCloseTo(4 / 3);
  expect(wholeGain(0.1, 1e9)).toBeCloseTo(1 / 0.9);
  expect(wholeGain(0.3, 1)).toBe(1);
  expect(wholeGain(0.5, 0.5)).toBeLessThan(1);
});

test('a case that is taken away has the bytes of its partner and no routes', () => {
  const names = CORE_CASES.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const { without, text } of CORE_CASES.filter((one) => one.without !== undefined)) {
    const partner = CORE_CASES.find(({ name }) => name === without);
    expect(partner).toMatchObject({ text, routes: [] });
  }
});

test('both cores are timed on every case, and the gain is theirs', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...['bench/main.ts', 'stages', '--rounds=1', '--milliseconds=1', '--seconds=0', '--json'],
  ]);
  const { stages, start, requests } = JSON.parse(stdout);
  expect(stages).toHaveLength(CORE_CASES.filter((one) => !one.name.endsWith('no routes')).length);
  for (const { wasmNanoseconds, jsNanoseconds, gain } of stages) {
    expect(gain.median).toBeCloseTo(jsNanoseconds.median / wasmNanoseconds.median);
  }
  expect(start.moduleBytes).toBeGreaterThan(1_000);
  expect(requests).toEqual([]);
}, 120_000);
