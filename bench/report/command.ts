/**
 * `npm run bench:report [-- FILE]`: makes report.md, report.json and the charts in bench/results, and the
 * measurements in the README, from the file of results that is named, or from the newest.
 */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Run, readResults } from '../laboratory/results.ts';
import { makeReport } from './make-report.ts';
import { newestResults } from './newest-results.ts';
import { withMeasurements } from './readme.ts';

const RESULTS = resolve(import.meta.dirname, '../results');
const README = resolve(import.meta.dirname, '../../README.md');
const EXPLANATIONS = resolve(import.meta.dirname, 'explanations.md');

const USAGE = `npm run bench:report [-- FILE] [--out DIRECTORY]

  FILE    results of a run (the newest in bench/results)
  --out   where the report goes (bench/results). Elsewhere, the README stays as it is
`;

export async function run(parameters: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...parameters],
    options: { out: { type: 'string' }, help: { type: 'boolean' } },
    allowPositionals: true,
  });
  if (values.help === true) {
    process.stdout.write(USAGE);
    return;
  }
  if (positionals.length > 1) throw new Error(`one file of results, not ${positionals.length}\n${USAGE}`);
  const file = positionals[0] ?? (await newestResults(RESULTS));
  const results = readResults(await readFile(file, 'utf8'));
  const directory = resolve(values.out ?? RESULTS);
  const names = await writeReport(results, directory);
  if (directory === RESULTS) {
    await removeOtherCharts(names);
    await writeFile(README, withMeasurements(await readFile(README, 'utf8'), results));
  }
  const shown = (path: string) => relative(process.cwd(), path) || '.';
  process.stdout.write(`${shown(join(directory, 'report.md'))} and its charts, from ${shown(file)}\n`);
}

/** @returns the names of the files that it has written */
export async function writeReport(results: Run, directory: string): Promise<ReadonlySet<string>> {
  const files = await makeReport(results, await readFile(EXPLANATIONS, 'utf8'));
  await mkdir(directory, { recursive: true });
  await Promise.all([...files].map(([name, content]) => writeFile(join(directory, name), content)));
  return new Set(files.keys());
}

/** Those of an earlier report, which this run has not measured. */
async function removeOtherCharts(names: ReadonlySet<string>): Promise<void> {
  const charts = (await readdir(RESULTS)).filter((name) => name.endsWith('.svg'));
  await Promise.all(charts.filter((name) => !names.has(name)).map((name) => rm(join(RESULTS, name))));
}
