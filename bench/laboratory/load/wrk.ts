/** Load by wrk, as a process of its own with one thread. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ManagedProcess } from '../../processes/managed-process.ts';
import { printedLine } from '../../processes/printed-line.ts';
import { ScratchDirectory } from '../../processes/scratch-directory.ts';
import type { LoadOptions, LoadResult } from './load.ts';
import { READY, SUMMARY_MARK, type WrkSummary, wrkScript } from './wrk-script.ts';

/** wrk knows whole seconds alone, so it is told to stop. This is how long it would go on otherwise. */
const MOST_SECONDS = 3_600;
/** wrk looks ten times a second whether it shall stop. */
const STOP_SECONDS = 0.05;

export async function runWrk(options: LoadOptions): Promise<LoadResult> {
  const { url, connections, seconds, pipelining } = options;
  using directory = new ScratchDirectory();
  const script = join(directory.path, 'bench.lua');
  writeFileSync(script, wrkScript(options));
  await using wrk = await ManagedProcess.start('wrk', [
    ...['--threads', '1', '--connections', String(connections), '--duration', `${MOST_SECONDS}s`],
    ...['--timeout', '30s', '--script', script, url],
  ]);
  const output = wrk.output();
  const stop = async () => {
    await printedLine('wrk', wrk, READY);
    await wrk.interruptAfter(Math.max(0, seconds - STOP_SECONDS));
  };
  const [text] = await Promise.all([output, stop()]);
  return toResult(readSummary(text), pipelining);
}

function readSummary(output: string): WrkSummary {
  const line = output.split('\n').find((candidate) => candidate.startsWith(SUMMARY_MARK));
  if (line === undefined) throw new Error(`wrk printed no summary:\n${output}`);
  return JSON.parse(line.slice(SUMMARY_MARK.length));
}

function toResult(summary: WrkSummary, pipelining: number): LoadResult {
  const { requests, errors, p50, p99, p999 } = summary;
  const seconds = summary.microseconds / 1e6;
  return {
    requests,
    seconds,
    requestsPerSecond: requests / seconds,
    errors,
    latency: pipelining > 1 ? undefined : { p50Ms: p50 / 1000, p99Ms: p99 / 1000, p999Ms: p999 / 1000 },
    generatorShare: summary.cpuSeconds / seconds,
  };
}
