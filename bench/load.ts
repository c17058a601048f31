/**
 * Puts a server under load for a given time and reports the answers. It uses wrk if that is installed,
 * because wrk needs so little CPU that the server keeps its core. Otherwise it uses autocannon. A run with a
 * failed request is an error.
 */
import { randomInt, randomUUID } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import autocannon from 'autocannon';
import { ManagedProcess } from './processes/managed-process.ts';
import { ScratchDirectory } from './processes/scratch-directory.ts';

/** Stands in a header field for a text that differs in each request. */
export const UNIQUE = '@unique@';

/** A request as it is sent many times. */
export interface LoadRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** A value may contain UNIQUE. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface LoadOptions {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  /** Requests that each connection sends together before it reads. */
  readonly pipeline: number;
  /** Sent in random order instead of GET of the URL. They are not pipelined. */
  readonly requests?: readonly LoadRequest[];
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
  /** CPU time of the load generator, as a share of one core. Near 1 it measures itself. */
  readonly generatorShare: number;
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
  readonly cpuSeconds: number;
}

const SUMMARY_MARK = 'summary ';

async function runWrk({ url, connections, seconds, pipeline, requests }: LoadOptions): Promise<LoadResult> {
  using directory = new ScratchDirectory();
  const script = join(directory.path, 'bench.lua');
  writeFileSync(script, requests === undefined ? wrkScript(pipeline) : mixedWrkScript(requests));
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
    generatorShare: summary.cpuSeconds / (summary.microseconds / 1e6),
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
  return `${pipeline > 1 ? request : ''}${WRK_SUMMARY}`;
}

/**
 * Every request is formatted once, and cut in two where its unique text belongs. Each run has another random
 * order and other unique texts.
 */
function mixedWrkScript(requests: readonly LoadRequest[]): string {
  return `
    local requests, sent = {}, 0
    local function add(request)
      local first, last = string.find(request, ${lua(UNIQUE)}, 1, true)
      if first == nil then table.insert(requests, { request })
      else table.insert(requests, { string.sub(request, 1, first - 1), string.sub(request, last + 1) }) end
    end
    function init(arguments)
      ${requests.map((request) => `add(${wrkFormat(request)})`).join('\n      ')}
      math.randomseed(${randomInt(MAX_SEED)})
    end
    function request()
      local parts = requests[math.random(#requests)]
      if parts[2] == nil then return parts[1] end
      sent = sent + 1
      return parts[1] .. ${lua(`${randomUUID()}-`)} .. sent .. parts[2]
    end${WRK_SUMMARY}`;
}

function wrkFormat({ method, path, headers, body }: LoadRequest): string {
  const fields = Object.entries(headers).map(([name, value]) => `[${lua(name)}] = ${lua(value)}`);
  const content = body === undefined ? 'nil' : lua(body);
  return `wrk.format(${lua(method)}, ${lua(path)}, { ${fields.join(', ')} }, ${content})`;
}

/** A string in Lua. Its decimal escapes can say every byte. */
function lua(text: string): string {
  const decimal = (byte: string) => `\\${String(byte.charCodeAt(0)).padStart(3, '0')}`;
  return `"${Buffer.from(text)
    .toString('latin1')
    .replace(/[^ -~]|["\\]/g, decimal)}"`;
}

const MAX_SEED = 2 ** 31;

/** os.clock is the CPU time of wrk's process, all its threads. */
const WRK_SUMMARY = `
    function done(summary, latency, requests)
      local e = summary.errors
      io.write(string.format(
        '${SUMMARY_MARK}{"requests":%d,"microseconds":%d,"p50":%d,"p90":%d,"p99":%d,"errors":%d,"cpuSeconds":%f}\\n',
        summary.requests, summary.duration,
        latency:percentile(50), latency:percentile(90), latency:percentile(99),
        e.connect + e.read + e.write + e.status + e.timeout, os.clock()))
    end`;

async function runAutocannon({
  url,
  connections,
  seconds,
  pipeline,
  requests,
}: LoadOptions): Promise<LoadResult> {
  const before = process.cpuUsage();
  const result = await autocannon({
    url,
    connections,
    duration: seconds,
    pipelining: pipeline,
    timeout: 30,
    ...(requests !== undefined && { requests: [{ setupRequest: () => withUniqueText(anyOf(requests)) }] }),
  });
  const { user, system } = process.cpuUsage(before);
  assertFlawless(url, result.requests.total, result.errors + result.non2xx);
  return {
    requests: result.requests.total,
    requestsPerSecond: result.requests.total / result.duration,
    latency: { p50Ms: result.latency.p50, p90Ms: result.latency.p90, p99Ms: result.latency.p99 },
    generatorShare: (user + system) / 1e6 / result.duration,
  };
}

function anyOf(requests: readonly LoadRequest[]): LoadRequest {
  const request = requests[randomInt(requests.length)];
  if (request === undefined) throw new Error('there are no requests to send');
  return request;
}

/** The request as it is sent once. */
export function withUniqueText(request: LoadRequest): LoadRequest {
  const unique = randomUUID();
  const fields = Object.entries(request.headers).map(([name, value]) => [
    name,
    value.replace(UNIQUE, unique),
  ]);
  return { ...request, headers: Object.fromEntries(fields) };
}

function assertFlawless(url: string, requests: number, errors: number): void {
  if (errors > 0) throw new Error(`${url}: ${errors} of ${requests} requests failed`);
  if (requests === 0) throw new Error(`${url}: no request was answered`);
}
