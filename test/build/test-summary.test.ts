/** The last lines of `.ci/run`: what failed, what passed when it was repeated, and the sum. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const SUMMARY = resolve(import.meta.dirname, '../../.ci/test-summary.ts');
const directory = mkdtempSync(join(tmpdir(), 'cloudvm-summary-'));
afterAll(() => rmSync(directory, { recursive: true }));

type Status = 'passed' | 'failed' | 'pending';

/** @param files the status of each test of each file. A file without tests does not load */
function report(name: string, files: Record<string, Record<string, Status>>): string {
  const testResults = Object.entries(files).map(([file, tests]) => {
    const assertionResults = Object.entries(tests).map(([fullName, status]) => ({
      fullName,
      status,
      failureMessages: status === 'failed' ? [`${fullName} is wrong\n    at line 1`] : [],
    }));
    const isBroken =
      assertionResults.length === 0 || assertionResults.some(({ status }) => status === 'failed');
    return { name: file, status: isBroken ? 'failed' : 'passed', message: 'does not load', assertionResults };
  });
  const path = join(directory, name);
  writeFileSync(path, JSON.stringify({ testResults }));
  return path;
}

function summarise(...parameters: string[]) {
  const { promise, resolve: end } = Promise.withResolvers<{ code: unknown; lines: string[] }>();
  execFile(process.execPath, [SUMMARY, ...parameters], (error, stdout) =>
    end({ code: error?.code ?? 0, lines: stdout.trimEnd().split('\n') }),
  );
  return promise;
}

test('runs without a failure are one line', async () => {
  const one = report('one.json', { 'a.ts': { first: 'passed', second: 'pending' } });
  const other = report('other.json', { 'b.ts': { third: 'passed' } });
  expect(await summarise(one, other)).toEqual({
    code: 0,
    lines: ['tests: 2 passed, 0 failed, 1 skipped'],
  });
});

test('each failure is named with the first line of its message, a file that does not load too', async () => {
  const path = report('failures.json', { 'a.ts': { first: 'passed', second: 'failed' }, 'b.ts': {} });
  expect(await summarise(path)).toEqual({
    code: 1,
    lines: [
      'failed: a.ts > second: second is wrong',
      'failed: b.ts: does not load',
      'tests: 1 passed, 2 failed',
    ],
  });
  expect((await summarise('--failed-files', path)).lines).toEqual(['a.ts', 'b.ts']);
});

test('a test that passes when it is repeated has passed, and is named', async () => {
  const files = { 'a.ts': { first: 'passed', second: 'failed', third: 'failed' } } as const;
  const first = report('first.json', files);
  const again = report('again.json', { 'a.ts': { ...files['a.ts'], second: 'passed' } });
  expect(await summarise(`${first},${again}`)).toEqual({
    code: 1,
    lines: [
      'passed only when it was repeated alone: a.ts > second: second is wrong',
      'failed: a.ts > third: third is wrong',
      'tests: 2 passed, 1 failed',
    ],
  });
});

test('a repetition that never ran changes nothing', async () => {
  const first = report('alone.json', { 'a.ts': { second: 'failed' } });
  expect(await summarise(`${first},${join(directory, 'missing.json')}`)).toEqual({
    code: 1,
    lines: ['failed: a.ts > second: second is wrong', 'tests: 0 passed, 1 failed'],
  });
});
