import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { makeMarkdown } from '../../../bench/report/make-report.ts';
import { wholeGain } from '../../../bench/stages/amdahl.ts';
import { CORE_CASES } from '../../../bench/stages/cases.ts';
import { TURN_CASES } from '../../../bench/stages/turns/cases.ts';
import { exampleRun, sectionOf } from '../report/support.ts';

const EXPLANATIONS = new URL('../../../bench/report/explanations.md', import.meta.url);
const ESTIMATE = { median: 1, low: 1, high: 1 };
/** The load is left out of the test, so the report has these. */
const REQUESTS = ['small, one at a time', 'small, 16 pipelined'].map((name) => ({
  ...{ name, workers: 8, wasmMicroseconds: ESTIMATE, jsMicroseconds: ESTIMATE },
  ...{ share: 0.1, predictedGain: 1.1, measuredGain: ESTIMATE },
}));

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

test('a case of a turn is named after its whole requests, and holds as many as it says', () => {
  for (const { name, text, requests } of TURN_CASES) {
    expect(text.split('GET /health HTTP/1.1\r\n')).toHaveLength(requests + 1);
    expect(name.endsWith('16 pipelined')).toBe(requests === 16);
  }
});

test('all that the report says is measured on both cores, and divided as it says', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...['bench/main.ts', 'stages', '--rounds=1', '--milliseconds=1', '--seconds=0', '--json'],
  ]);
  const { stages, start, requests, turns, boundary } = JSON.parse(stdout);
  expect(stages).toHaveLength(CORE_CASES.filter((one) => !one.name.endsWith('no routes')).length);
  for (const { wasmNanoseconds, jsNanoseconds, gain } of stages) {
    expect(gain.median).toBeCloseTo(jsNanoseconds.median / wasmNanoseconds.median);
  }
  expect(start.moduleBytes).toBeGreaterThan(1_000);
  expect(requests).toEqual([]);
  expect(turns.map(({ name }: { name: string }) => name)).toEqual(TURN_CASES.map(({ name }) => name));
  for (const { handlerNanoseconds, restNanoseconds, wasm, js, gain } of turns) {
    expect(gain.median).toBeCloseTo(js.turnNanoseconds.median / wasm.turnNanoseconds.median);
    for (const { parseNanoseconds, matchNanoseconds, sumNanoseconds } of [wasm, js]) {
      const parts = [parseNanoseconds, matchNanoseconds, handlerNanoseconds, restNanoseconds];
      expect(sumNanoseconds).toBeCloseTo(parts.reduce((sum, { median }) => sum + median, 0));
    }
  }
  expect(boundary.wasm.copiedBytesPerCall).toBe(0);
  expect(boundary.js.copiedBytesPerCall).toBe(0);
  expect(boundary.wasm.moduleCodeBytes).toBeGreaterThanOrEqual(0);
  expect(boundary.wasm.regionBytesUsed).toBeGreaterThan(1_000);
  expect(boundary.decode.length).toBeGreaterThan(0);

  const withRequests = { ...JSON.parse(stdout), requests: REQUESTS };
  const report = makeMarkdown(
    { ...exampleRun(), coreStages: withRequests },
    readFileSync(EXPLANATIONS, 'utf8'),
  );
  const section = sectionOf(report, 'WebAssembly against JavaScript, by stage');
  expect(section).not.toContain('not measured');
  expect(section).not.toContain('did not measure');
}, 120_000);
