/** The Lua script that tells wrk what to send and how to print what it measured. */
import { randomInt, randomUUID } from 'node:crypto';
import type { LoadOptions } from './load.ts';
import { type LoadRequest, UNIQUE } from './request.ts';

/** Printed as soon as wrk is about to begin. */
export const READY = /^(ready)$/;
/** Before the summary, a line of JSON. */
export const SUMMARY_MARK = 'summary ';

/** The summary at the end. Times are in microseconds. */
export interface WrkSummary {
  readonly requests: number;
  readonly microseconds: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly errors: number;
  readonly cpuSeconds: number;
}

export function wrkScript({ requests, pipelining }: Pick<LoadOptions, 'requests' | 'pipelining'>): string {
  const [only, ...others] = requests;
  if (only === undefined) throw new Error('there are no requests to send');
  const isPlain = others.length === 0 && !JSON.stringify(only).includes(UNIQUE);
  if (isPlain) return `${pipelining > 1 ? pipelined(only, pipelining) : same(only)}${SUMMARY}`;
  if (pipelining > 1) throw new Error('only a single request is pipelined');
  return `${mixed(requests)}${SUMMARY}`;
}

/** Without a `request` function, which wrk would call for every request. */
function same({ method, path, headers, body }: LoadRequest): string {
  return `
    wrk.method, wrk.path = ${lua(method)}, ${lua(path)}
    wrk.headers = ${luaFields(headers)}
    ${body === undefined ? '' : `wrk.body = ${lua(body)}`}
    function init(arguments) ${SAY_READY} end`;
}

function pipelined(request: LoadRequest, times: number): string {
  return `
    local batch
    function init(arguments)
      batch = string.rep(${wrkFormat(request)}, ${times})
      ${SAY_READY}
    end
    function request() return batch end`;
}

/**
 * Every request is formatted once, and cut in two where its unique text belongs. Each run has another random
 * order and other unique texts.
 */
function mixed(requests: readonly LoadRequest[]): string {
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
      ${SAY_READY}
    end
    function request()
      local parts = requests[math.random(#requests)]
      if parts[2] == nil then return parts[1] end
      sent = sent + 1
      return parts[1] .. ${lua(`${randomUUID()}-`)} .. sent .. parts[2]
    end`;
}

function wrkFormat({ method, path, headers, body }: LoadRequest): string {
  const content = body === undefined ? 'nil' : lua(body);
  return `wrk.format(${lua(method)}, ${lua(path)}, ${luaFields(headers)}, ${content})`;
}

function luaFields(headers: Readonly<Record<string, string>>): string {
  return `{ ${Object.entries(headers)
    .map(([name, value]) => `[${lua(name)}] = ${lua(value)}`)
    .join(', ')} }`;
}

/** A string in Lua. Its decimal escapes can say every byte. */
function lua(text: string): string {
  const decimal = (byte: string) => `\\${String(byte.charCodeAt(0)).padStart(3, '0')}`;
  return `"${Buffer.from(text)
    .toString('latin1')
    .replace(/[^ -~]|["\\]/g, decimal)}"`;
}

const MAX_SEED = 2 ** 31;

const SAY_READY = "io.stdout:write('ready\\n') io.stdout:flush()";

/** os.clock is the CPU time of wrk's process, all its threads. */
const SUMMARY = `
    function done(summary, latency, requests)
      local e = summary.errors
      io.write(string.format(
        '${SUMMARY_MARK}{"requests":%d,"microseconds":%d,"p50":%d,"p99":%d,"p999":%d,"errors":%d,"cpuSeconds":%f}\\n',
        summary.requests, summary.duration,
        latency:percentile(50), latency:percentile(99), latency:percentile(99.9),
        e.connect + e.read + e.write + e.status + e.timeout, os.clock()))
    end`;
