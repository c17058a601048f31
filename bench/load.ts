/**
 * Puts a server under load for a given time and reports the answers. It uses wrk if that is installed,
 * because wrk needs so little CPU that the server keeps its core. Otherwise it uses autocannon. A run with a
 * failed request is an error.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import autocannon from 'autocannon';
import { ManagedProcess } from './managed-process.ts';
import { ScratchDirectory } from './scratch-directory.ts';

export interface LoadOptions {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  /** Requests that each connection sends together before it reads. */
  readonly pipeline: number;
}

/** Latencies, from sending to the end of the answer. */
export interface Latency {
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly requestsPerSecond: number;
  /**
   * undefined for wrk with pipelining. wrk corrects for coordinated omission by the mean time between two
   * answers on a connection. With pipelining it would take every request of a batch except the first for one
   * that was sent late.
   */
  readonly latency: Latency | undefined;
}

export type LoadGenerator = 'wrk' | 'autocannon';

export const LOAD_GENERATOR: LoadGenerator = isInstalled('wrk') ? 'wrk' : 'autocannon';

export function runLoad(options: LoadOptions): Promise<LoadResult> {
  return LOAD_GENERATOR === 'wrk' ? runWrk(options) : runAutocannon(options);
}

function isInstalled(command: string): boolean {
  const { PATH = '' } = process.env;
  return PATH.split(delimiter).some((directory) => directory !== '' && existsSync(join(directory, command)));
}

/** The output of wrk's script at its end. */
interface WrkSummary {
  readonly requests: number;
  readonly microseconds: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly errors: number;
}

const SUMMARY_MARK = 'summary ';

async function runWrk({ url, connections, seconds, pipeline }: LoadOptions): Promise<LoadResult> {
  using directory = new ScratchDirectory();
  const script = join(directory.path, 'bench.lua');
  writeFileSync(script, wrkScript(pipeline));
  await using wrk = await ManagedProcess.start('wrk', [
    ...['--threads', '1', '--connections', String(connections), '--duration', `${seconds}s`],
    ...['--timeout', '30s', '--script', script, url],
  ]);
  const output = await wrk.output();
  const line = output.split('\n').find((candidate) => candidate.startsWith(SUMMARY_MARK));
  if (line === undefined) throw new Error(`wrk printed no summary:\n${output}`);
  const summary: WrkSummary = JSON.parse(line.slice(SUMMARY_MARK.length));
  assertFlawless(url, summary.requests, summary.errors);
  return {
    requests: summary.requests,
    requestsPerSecond: summary.requests / (summary.microseconds / 1e6),
    latency:
      pipeline > 1
        ? undefined
        : { p50Ms: summary.p50 / 1000, p90Ms: summary.p90 / 1000, p99Ms: summary.p99 / 1000 },
  };
}

/** The script has a `request` function only when it pipelines, since wrk would call it for every request. */
function wrkScript(pipeline: number): string {
  const request = `
    local batch
    function init(arguments)
      local request = wrk.format()
      batch = string.rep(request, ${pipeline})
    end
    function request() return batch end`;
  return `${pipeline > 1 ? request : ''}
    function done(summary, latency, requests)
      local e = summary.errors
      io.write(string.format(
        '${SUMMARY_MARK}{"requests":%d,"microseconds":%d,"p50":%d,"p90":%d,"p99":%d,"errors":%d}\\n',
        summary.requests, summary.duration,
        latency:percentile(50), latency:percentile(90), latency:percentile(99),
        e.connect + e.read + e.write + e.status + e.timeout))
    end`;
}

async function runAutocannon({ url, connections, seconds, pipeline }: LoadOptions): Promise<LoadResult> {
  const result = await autocannon({ url, connections, duration: seconds, pipelining: pipeline, timeout: 30 });
  assertFlawless(url, result.requests.total, result.errors + result.non2xx);
  return {
    requests: result.requests.total,
    requestsPerSecond: result.requests.total / result.duration,
    latency: { p50Ms: result.latency.p50, p90Ms: result.latency.p90, p99Ms: result.latency.p99 },
  };
}

function assertFlawless(url: string, requests: number, errors: number): void {
  if (requests === 0 || errors > 0) throw new Error(`${url}: ${errors} of ${requests} requests failed`);
}
