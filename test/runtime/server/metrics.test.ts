/** `GET /metrics` over real sockets: while workers serve, die or spin. */

import { spawnSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Server, ServerOptions } from '../../../src/runtime/server/server.ts';
import { type Metric, parsePrometheus, sampleOf, sumOf } from '../../support/prometheus-text.ts';
import { getRequest, postRequest, RawClient } from '../../support/raw-client.ts';
import { until } from '../../support/until.ts';
import { startServer } from './support/start.ts';

const METERED_APPLICATION = new URL('./fixtures/metered-app.ts', import.meta.url).href;

const PROMTOOL_IS_INSTALLED = spawnSync('promtool', ['--version']).status === 0;

/** How long main gives the same text (server/metrics/metrics.ts). */
const FRESH_MS = 50;

type Metrics = Map<string, Metric>;

async function startMetered(options: Partial<ServerOptions> = {}): Promise<Server> {
  return await startServer({ app: METERED_APPLICATION, ...options });
}

async function scrape(server: Server): Promise<Metrics> {
  using client = await RawClient.connect(server.port);
  const answer = await client.get('/metrics');
  expect(answer).toMatchObject({
    status: 200,
    headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8', 'cache-control': 'no-store' },
  });
  client.halfClose();
  return parsePrometheus(answer.body.toString());
}

/** Main gives the same text for some milliseconds, so the newest may come a little later. */
async function scrapeUntil(server: Server, holds: (metrics: Metrics) => boolean): Promise<Metrics> {
  for (;;) {
    const metrics = await scrape(server);
    if (holds(metrics)) return metrics;
    await delay(FRESH_MS);
  }
}

function answers(metrics: Metrics, route: string, status: number, method = 'GET'): number {
  return sampleOf(metrics, 'http_requests_total', { method, route, status: `${status}` });
}

/** Sends requests one after the other. @returns their statuses */
async function ask(server: Server, requests: readonly string[]): Promise<number[]> {
  using client = await RawClient.connect(server.port);
  const statuses: number[] = [];
  for (const request of requests) {
    client.send(request);
    statuses.push((await client.next()).status);
  }
  client.halfClose();
  return statuses;
}

describe('requests', () => {
  test('for constant answers are counted too, though main answers them, also those that come together', async () => {
    await using server = await startMetered();
    using client = await RawClient.connect(server.port);
    client.send(getRequest('/constant'));
    await client.next();
    client.send(getRequest('/constant').repeat(3));
    for (let count = 0; count < 3; count += 1) await client.next();
    await scrapeUntil(server, (metrics) => answers(metrics, '/constant', 200) === 4);
  });

  test('are counted by route, method and status, with the durations of their handlers', async () => {
    await using server = await startMetered();
    await ask(server, [
      ...Array.from({ length: 20 }, () => getRequest('/thread')),
      ...Array.from({ length: 5 }, (_, number) => getRequest(`/tell/${number}`)),
      postRequest('/tell/x', 'x'),
      getRequest('/nowhere'),
      postRequest('/thread', ''),
    ]);
    const metrics = await scrapeUntil(server, (seen) => {
      return sumOf(seen, 'http_requests_total', 'route="unmatched"') === 2;
    });
    expect(answers(metrics, '/thread', 200)).toBe(20);
    expect(answers(metrics, '/tell/:key', 200)).toBe(5);
    expect(answers(metrics, '/tell/:key', 200, 'POST')).toBe(1);
    expect(answers(metrics, 'unmatched', 404, '')).toBe(1);
    expect(answers(metrics, 'unmatched', 405, '')).toBe(1);
    const durations = metrics.get('http_request_duration_seconds');
    expect(durations?.samples.get('http_request_duration_seconds_count{method="GET",route="/thread"}')).toBe(
      20,
    );
  });

  test('that took long are so in the histogram', async () => {
    await using server = await startMetered();
    await ask(server, [getRequest('/burn/promises')]);
    const metrics = await scrapeUntil(server, (seen) => answers(seen, '/burn/promises', 200) === 1);
    const samples = metrics.get('http_request_duration_seconds')?.samples;
    const labels = 'method="GET",route="/burn/promises"';
    expect(samples?.get(`http_request_duration_seconds_bucket{le="0.025",${labels}}`)).toBe(0);
    expect(samples?.get(`http_request_duration_seconds_sum{${labels}}`)).toBeGreaterThan(0.05);
  });

  test('are all counted after workers have died and were replaced', async () => {
    await using server = await startMetered();
    for (let round = 1; round <= 3; round++) {
      const asked = Array.from({ length: 30 }, () => getRequest('/thread'));
      expect(new Set(await ask(server, asked))).toEqual(new Set([200]));
      expect(await ask(server, [getRequest('/die/0')])).toEqual([500]);
      await until('the worker is replaced', () => server.usage.workers === 2);
    }
    const metrics = await scrapeUntil(server, (seen) => {
      return answers(seen, '/die/:turns', 500) === 3;
    });
    expect(answers(metrics, '/thread', 200)).toBe(90);
    expect(sampleOf(metrics, 'worker_failures_total', { cause: 'exit' })).toBe(3);
    expect(sampleOf(metrics, 'worker_starts_total')).toBe(5);
  });

  test('of 10,000 unknown paths are one series for each status', async () => {
    await using server = await startMetered();
    using client = await RawClient.connect(server.port);
    const before = [...(await scrape(server)).values()].reduce((sum, { samples }) => sum + samples.size, 0);
    for (let start = 0; start < 10_000; start += 100) {
      client.send(
        Array.from({ length: 100 }, (_, index) => getRequest(`/unknown/${start + index}`)).join(''),
      );
      for (let index = 0; index < 100; index++) expect((await client.next()).status).toBe(404);
    }
    client.halfClose();
    const metrics = await scrapeUntil(server, (seen) => {
      return answers(seen, 'unmatched', 404, '') === 10_000;
    });
    const after = [...metrics.values()].reduce((sum, { samples }) => sum + samples.size, 0);
    // Those of this status, and the durations of requests without a route.
    expect(after - before).toBeLessThan(100);
    expect([...(metrics.get('http_requests_total')?.samples.keys() ?? [])].join()).not.toContain('/unknown');
  });

  test('that are not valid are counted although nobody could read them', async () => {
    await using server = await startMetered();
    expect(await ask(server, ['GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'])).toEqual([400]);
    await scrapeUntil(server, (seen) => answers(seen, 'unread', 400, '') === 1);
  });
});

describe('meters of the application', () => {
  test('are added up over all workers, and gauges forget workers that are gone', async () => {
    await using server = await startMetered({ workers: 1 });
    await ask(server, [getRequest('/hit/5'), getRequest('/hit/7')]);
    const metrics = await scrapeUntil(server, (seen) => sampleOf(seen, 'trial_open') === 2);
    expect(sampleOf(metrics, 'trial_hits_total', { kind: 'plain' })).toBe(12);
    expect(sampleOf(metrics, 'trial_hits_total', { kind: 'odd \\"\\\\ \\n' })).toBe(2);
    await ask(server, [getRequest('/die/0')]);
    await until('the worker is replaced', () => server.usage.workers === 1);
    await ask(server, [getRequest('/hit/1')]);
    const later = await scrapeUntil(server, (seen) => {
      return sampleOf(seen, 'trial_hits_total', { kind: 'plain' }) === 13;
    });
    expect(sampleOf(later, 'trial_open')).toBe(1);
  });
});

describe('the server', () => {
  test('tells of its connections, bytes, queue, workers and process', async () => {
    await using server = await startMetered();
    using resting = await RawClient.connect(server.port);
    await resting.get('/thread');
    const metrics = await scrapeUntil(server, (seen) => {
      return sampleOf(seen, 'http_connections', { state: 'idle' }) === 1;
    });
    expect(sampleOf(metrics, 'http_connections_accepted_total')).toBeGreaterThan(1);
    expect(sampleOf(metrics, 'http_received_bytes_total')).toBeGreaterThan(getRequest('/thread').length);
    expect(sampleOf(metrics, 'http_sent_bytes_total')).toBeGreaterThan(100);
    expect(sampleOf(metrics, 'http_queue_wait_limit_seconds')).toBe(60);
    expect(sumOf(metrics, 'worker_threads', '')).toBe(2);
    for (const name of [
      'http_queue_depth',
      'http_shed_total',
      'process_cpu_seconds_total',
      'nodejs_version_info',
    ]) {
      expect([name, metrics.get(name)?.samples.size]).not.toEqual([name, undefined]);
    }
  });

  test.runIf(PROMTOOL_IS_INSTALLED)('gives promtool no reason for complaint', async () => {
    await using server = await startMetered();
    await ask(server, [getRequest('/hit/1'), getRequest('/nowhere')]);
    const text = await (await fetch(`${server.url}/metrics`)).text();
    const check = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
    expect([check.status, check.stderr]).toEqual([0, '']);
  });

  test('answers while all workers spin, to GET and to HEAD', async () => {
    await using server = await startMetered({ shutdownTimeoutMs: 100 });
    const spinning = await Promise.all([RawClient.connect(server.port), RawClient.connect(server.port)]);
    for (const client of spinning) client.send(getRequest('/spin'));
    const metrics = await scrapeUntil(server, (seen) => {
      return sampleOf(seen, 'http_connections', { state: 'running' }) >= 2;
    });
    expect(sampleOf(metrics, 'worker_threads', { state: 'busy' })).toBe(2);
    using other = await RawClient.connect(server.port);
    other.send('HEAD /metrics HTTP/1.1\r\nHost: test\r\n\r\n');
    const head = await other.next(true);
    expect(head.status).toBe(200);
    expect(Number(head.headers['content-length'])).toBeGreaterThan(1_000);
    // What main has answered itself is counted, too.
    await scrapeUntil(server, (seen) => answers(seen, '/metrics', 200) >= 2);
    for (const client of spinning) client.reset();
  });

  test('answers while requests that wait too long are refused', async () => {
    await using server = await startMetered({ workers: 1, maxQueueWaitMs: 300, shutdownTimeoutMs: 100 });
    using spinning = await RawClient.connect(server.port);
    spinning.send(getRequest('/spin'));
    using refused = await RawClient.connect(server.port);
    expect((await refused.get('/thread')).status).toBe(503);
    const metrics = await scrapeUntil(server, (seen) => {
      return sampleOf(seen, 'http_shed_total', { reason: 'queue' }) >= 1;
    });
    expect(answers(metrics, 'unread', 503, '')).toBeGreaterThanOrEqual(1);
    spinning.reset();
  });
});

describe('with a token', () => {
  const TOKEN = 'a-token-of-the-operator';
  const request = (authorization: string) =>
    `GET /metrics HTTP/1.1\r\nHost: test\r\n${authorization}\r\n\r\n`.replace('\r\n\r\n\r\n', '\r\n\r\n');
  const REFUSED = [
    '',
    'Authorization: Bearer wrong',
    `Authorization: Basic ${TOKEN}`,
    `Authorization: Bearer ${TOKEN}x`,
  ];

  async function expectGuarded(server: Server): Promise<void> {
    using client = await RawClient.connect(server.port);
    for (const authorization of REFUSED) {
      client.send(request(authorization));
      expect(await client.next()).toMatchObject({
        status: 401,
        headers: { 'www-authenticate': 'Bearer realm="metrics"', 'content-type': 'application/problem+json' },
      });
    }
    client.send(request(`Authorization: Bearer ${TOKEN}`));
    const answer = await client.next();
    expect(answer.status).toBe(200);
    parsePrometheus(answer.body.toString());
    client.halfClose();
  }

  test('only those get metrics who have it, from workers and from main', async () => {
    await using server = await startMetered({
      workers: 1,
      shutdownTimeoutMs: 100,
      environment: { ...process.env, TOKEN },
    });
    await expectGuarded(server);
    using spinning = await RawClient.connect(server.port);
    spinning.send(getRequest('/spin'));
    await expectGuarded(server);
    spinning.reset();
  });
});
