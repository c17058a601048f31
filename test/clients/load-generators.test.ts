/** Load generators, each for a moment. Every request is answered, and they count no error. */

import autocannon from 'autocannon';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Server } from '../../src/runtime/server/server.ts';
import { startEchoServer } from './support/echo-server.ts';
import { needTool, runTool } from './support/tool.ts';

let server: Server;

beforeAll(async () => {
  server = await startEchoServer();
});

afterAll(() => server.close());

describe('load generators', () => {
  it.for(['/health', '/echo', '/stream?chunks=5'])(
    'h2load --h1 gets %s answered every time',
    async (path, context) => {
      const h2load = needTool(context, 'h2load');
      const { stdout, code } = await runTool(h2load, [
        '--h1',
        '-n',
        '2000',
        '-c',
        '16',
        `${server.url}${path}`,
      ]);
      expect(code).toBe(0);
      expect(stdout).toMatch(
        /requests: 2000 total, 2000 started, 2000 done, 2000 succeeded, 0 failed, 0 errored, 0 timeout/,
      );
      expect(stdout).toMatch(/status codes: 2000 2xx, 0 3xx, 0 4xx, 0 5xx/);
    },
  );

  it('wrk gets only good answers', async (context) => {
    const wrk = needTool(context, 'wrk');
    const { stdout, code } = await runTool(wrk, ['-t1', '-c16', '-d1s', `${server.url}/health`]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/\d+ requests in /);
    expect(stdout).not.toMatch(/Socket errors|Non-2xx/);
  });

  it.each([1, 16])('autocannon gets only good answers, %i at once on each connection', async (pipelining) => {
    const result = await autocannon({
      url: `${server.url}/health`,
      connections: 8,
      amount: 4000,
      pipelining,
      expectBody: '{"status":"ok"}',
    });
    // It stops counting before its last answers have come.
    expect(result['2xx']).toBeGreaterThan(3500);
    expect([result.non2xx, result.errors, result.timeouts, result.mismatches]).toEqual([0, 0, 0, 0]);
  });
});
