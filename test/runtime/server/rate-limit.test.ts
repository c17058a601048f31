/** The bound of requests in a minute that all workers share. */

import { describe, expect, test } from 'vitest';
import { RouterError } from '../../../src/runtime/http/application-errors.ts';
import { Router } from '../../../src/runtime/http/routing/router.ts';
import type { Server, ServerOptions } from '../../../src/runtime/server/server.ts';
import { RawClient, type RawResponse } from '../../support/raw-client.ts';
import { ORIGIN, PER_MINUTE } from './fixtures/limited-app.ts';
import { startServer } from './support/start.ts';

const APP = new URL('./fixtures/limited-app.ts', import.meta.url).href;
const SECONDS_EACH = 60 / PER_MINUTE;

const start = (options: Partial<ServerOptions> = {}): Promise<Server> =>
  startServer({ app: APP, workers: 4, ...options });

async function ask(port: number, request: string, fields = ''): Promise<RawResponse> {
  using client = await RawClient.connect(port);
  client.send(`${request} HTTP/1.1\r\nHost: test\r\n${fields}\r\n`);
  return await client.next();
}

describe('a client gets its allowance once', () => {
  test('whichever workers get its requests, all at the same moment', async () => {
    await using server = await start();
    const begin = performance.now();
    const clients = await Promise.all(Array.from({ length: 40 }, () => RawClient.connect(server.port)));
    const answers = await Promise.all(clients.map((client) => client.get('/')));
    for (const client of clients) client[Symbol.dispose]();
    const granted = answers.filter(({ status }) => status === 200).length;
    const refused = answers.filter(({ status }) => status === 429);
    const cameBack = Math.ceil((performance.now() - begin) / 1000 / SECONDS_EACH);
    expect(granted).toBeGreaterThanOrEqual(PER_MINUTE);
    expect(granted).toBeLessThanOrEqual(PER_MINUTE + cameBack);
    expect(granted + refused.length).toBe(40);
    for (const { headers, body } of refused) {
      expect(Number(headers['retry-after'])).toBeLessThanOrEqual(SECONDS_EACH);
      expect(headers['ratelimit']).toBe(`"default";r=0;t=${headers['retry-after']}`);
      expect(JSON.parse(body.toString())).toMatchObject({ type: '/problems/rate-limit-exceeded' });
    }
  });

  test('also after its worker has been replaced', async () => {
    await using server = await start({ workers: 1 });
    for (let count = 0; count < PER_MINUTE; count++) await ask(server.port, 'GET /');
    await server.reload();
    const { headers } = await ask(server.port, 'GET /');
    // Some may have come back meanwhile.
    expect(headers['ratelimit']).toMatch(/^"default";r=[0-7];/);
  });

  test('and others theirs', async () => {
    await using server = await start();
    for (let count = 0; count <= PER_MINUTE + 1; count++)
      await ask(server.port, 'GET /', 'X-Client: greedy\r\n');
    const { status, headers } = await ask(server.port, 'GET /', 'X-Client: modest\r\n');
    expect(status).toBe(200);
    expect(headers['ratelimit']).toBe(`"default";r=${PER_MINUTE - 1};t=${SECONDS_EACH}`);
  });
});

test.each([
  [404, 'GET /unknown'],
  [405, 'DELETE /'],
  [204, 'OPTIONS /'],
  [500, 'GET /broken'],
  [413, 'POST /', 'Content-Length: 999999999\r\n'],
])('an answer %d tells what is left', async (status, request, fields = '') => {
  await using server = await start({ workers: 1 });
  const answer = await ask(server.port, request, fields);
  expect(answer.status).toBe(status);
  expect(answer.headers).toMatchObject({
    ratelimit: `"default";r=${PER_MINUTE - 1};t=${SECONDS_EACH}`,
    'ratelimit-policy': `"default";q=${PER_MINUTE};w=60`,
  });
});

test.each(['/health', '/metrics', '/free'])('%s is not limited', async (path) => {
  await using server = await start({ workers: 1 });
  for (let count = 0; count < PER_MINUTE + 5; count++) {
    const { status, headers } = await ask(server.port, `GET ${path}`);
    expect(status).toBe(200);
    expect(headers).not.toHaveProperty('ratelimit');
  }
  expect((await ask(server.port, 'GET /')).headers['ratelimit']).toMatch(`r=${PER_MINUTE - 1};`);
});

test('a refusal can be read across origins, and the answer to a preflight is none and counts for nothing', async () => {
  await using server = await start({ workers: 1 });
  const preflight = `Origin: ${ORIGIN}\r\nAccess-Control-Request-Method: GET\r\n`;
  for (let count = 0; count < PER_MINUTE + 5; count++) {
    const { status, headers } = await ask(server.port, 'OPTIONS /', preflight);
    expect(status).toBe(204);
    expect(headers).not.toHaveProperty('ratelimit');
  }
  let answer = await ask(server.port, 'GET /', `Origin: ${ORIGIN}\r\n`);
  expect(answer.status).toBe(200);
  for (let count = 0; answer.status === 200 && count < 3 * PER_MINUTE; count++) {
    answer = await ask(server.port, 'GET /', `Origin: ${ORIGIN}\r\n`);
  }
  expect(answer.status).toBe(429);
  expect(answer.headers['access-control-allow-origin']).toBe(ORIGIN);
  expect(answer.headers['access-control-expose-headers']).toContain(
    'RateLimit, RateLimit-Policy, Retry-After',
  );
});

test.each([0, -1, 1.5, Number.NaN, 1_000_001])('a limit of %d is refused', (perMinute) => {
  expect(() => new Router().rateLimit({ perMinute, clientOf: () => '' })).toThrow(RouterError);
});

test('a second limit is refused', () => {
  const options = { perMinute: 1, clientOf: () => '' };
  expect(() => new Router().rateLimit(options).rateLimit(options)).toThrow(RouterError);
});
