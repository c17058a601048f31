/** Load by autocannon, which runs in this process. */
import { randomInt } from 'node:crypto';
import autocannon from 'autocannon';
import type { LoadOptions, LoadResult } from './load.ts';
import { type LoadRequest, withUniqueText } from './request.ts';

const TIMEOUT_SECONDS = 30;

export async function runAutocannon(options: LoadOptions): Promise<LoadResult> {
  const { url, connections, seconds, pipelining, requests } = options;
  const before = process.cpuUsage();
  const result = await autocannon({
    url,
    connections,
    duration: seconds,
    pipelining,
    timeout: TIMEOUT_SECONDS,
    // Its own part of the request has the host and the port for the field Host.
    requests: [{ setupRequest: (own) => ({ ...own, ...withUniqueText(anyOf(requests)) }) }],
  });
  const { user, system } = process.cpuUsage(before);
  const { p50, p99, p99_9 } = result.latency;
  return {
    requests: result.requests.total,
    seconds: result.duration,
    requestsPerSecond: result.requests.total / result.duration,
    errors: result.errors + result.non2xx,
    latency: pipelining > 1 ? undefined : { p50Ms: p50, p99Ms: p99, p999Ms: p99_9 },
    generatorShare: (user + system) / 1e6 / result.duration,
  };
}

function anyOf(requests: readonly LoadRequest[]): LoadRequest {
  const request = requests[randomInt(requests.length)];
  if (request === undefined) throw new Error('there are no requests to send');
  return request;
}
