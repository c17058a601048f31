/** `GET /metrics` of the whole server, with the token of the operator. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Metric, parsePrometheus, sampleOf } from '../../support/prometheus-text.ts';
import { CloudVmProcess } from './support/cloudvm-process.ts';

const TOKEN = 'operators-only';
const ACCOUNT = { email: 'ada@example.com', username: 'ada', password: 'correct horse battery' };

let dataDirectory: string;

beforeEach(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), 'cloudvm-test-'));
});

afterEach(() => rm(dataDirectory, { recursive: true, force: true }));

async function scrape(server: CloudVmProcess): Promise<Map<string, Metric>> {
  const response = await fetch(`${server.url}/metrics`, { headers: { Authorization: `Bearer ${TOKEN}` } });
  expect(response.status).toBe(200);
  return parsePrometheus(await response.text());
}

test('metrics tell of requests and of the database, to those who have METRICS_TOKEN', async () => {
  await using server = await CloudVmProcess.start(dataDirectory, { METRICS_TOKEN: TOKEN });
  const { json } = await server.ask('POST', '/api/auth/register', { body: ACCOUNT });
  const token = String(json['token']);
  expect((await server.ask('GET', '/api/vms', { token })).status).toBe(200);

  expect((await server.ask('GET', '/metrics')).status).toBe(401);
  expect((await server.ask('GET', '/metrics', { token })).status).toBe(401);

  const metrics = await scrape(server);
  const requests = (method: string, route: string, status: string) =>
    sampleOf(metrics, 'http_requests_total', { method, route, status });
  expect(requests('POST', '/api/auth/register', '201')).toBe(1);
  expect(requests('GET', '/api/vms', '200')).toBe(1);
  expect(requests('GET', '/metrics', '401')).toBe(2);
  expect(sampleOf(metrics, 'cloudvm_database_operations_total', { outcome: 'success' })).toBeGreaterThan(1);
  expect(sampleOf(metrics, 'cloudvm_database_operations_total', { outcome: 'refused' })).toBe(0);
  expect(sampleOf(metrics, 'cloudvm_database_connections')).toBeGreaterThan(0);
  expect(sampleOf(metrics, 'cloudvm_throttled_requests_total', { reason: 'database' })).toBe(0);
  expect(await server.stop()).toBe(0);
});

test('what is refused because of a bound is counted by the bound', async () => {
  await using server = await CloudVmProcess.start(dataDirectory, {
    METRICS_TOKEN: TOKEN,
    RATE_LIMIT_PER_MINUTE: '8',
    MAX_REGISTRATIONS_PER_HOUR: '1',
  });
  const register = (username: string) =>
    server.ask('POST', '/api/auth/register', {
      body: { ...ACCOUNT, username, email: `${username}@example.com` },
    });
  expect((await register('ada')).status).toBe(201);
  expect((await register('grace')).status).toBe(429);
  while ((await server.ask('GET', '/unknown')).status === 404);
  const throttled = (metrics: Map<string, Metric>, reason: string) =>
    sampleOf(metrics, 'cloudvm_throttled_requests_total', { reason });
  // Those of a moment ago are given again for some milliseconds.
  await vi.waitUntil(async () => throttled(await scrape(server), 'rate_limit') === 1, { timeout: 20_000 });
  expect(throttled(await scrape(server), 'registrations')).toBe(1);
  expect(throttled(await scrape(server), 'failed_logins')).toBe(0);
  expect(await server.stop()).toBe(0);
});
