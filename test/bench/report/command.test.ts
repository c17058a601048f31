import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { run, writeReport } from '../../../bench/report/command.ts';
import { newestResults } from '../../../bench/report/newest-results.ts';
import { runWith } from './support.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'report-'));
});
afterEach(() => rm(directory, { recursive: true }));

test('a report is written into its directory, which is made if it is missing', async () => {
  const target = join(directory, 'new');
  const names = await writeReport(
    runWith('isolation', (scenario) => scenario),
    target,
  );
  expect(new Set(await readdir(target))).toEqual(names);
  expect(names).toContain('isolation-dark.svg');
});

test('the newest results are those whose name is the last', async () => {
  const older = join(directory, 'raw-2026-11-28T05-05-00.000Z.json');
  const newer = join(directory, 'raw-2026-11-28T06-05-00.000Z.json');
  await writeFile(newer, '{}');
  await writeFile(older, '{}');
  await utimes(newer, 0, 0);
  await writeFile(join(directory, 'report.json'), '{}');
  expect(await newestResults(directory)).toBe(newer);
});

test('without results, it says how to get some', async () => {
  await expect(newestResults(directory)).rejects.toThrow('run `npm run bench`');
  await expect(newestResults(join(directory, 'missing'))).rejects.toThrow('run `npm run bench`');
});

test('a file that is no file of results is refused by name', async () => {
  const file = join(directory, 'raw-x.json');
  await writeFile(file, '{"format": 1}');
  await expect(run([file, '--out', directory])).rejects.toThrow('not a file of results');
  await expect(run([file, file])).rejects.toThrow('one file of results, not 2');
});
