/** undici with pipelining: many requests in flight on one connection, and the answers in their order. */

import { Client } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Server } from '../../src/runtime/server/server.ts';
import { startEchoServer } from './support/echo-server.ts';

let server: Server;

class PipeliningClient extends Client implements AsyncDisposable {
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

beforeAll(async () => {
  server = await startEchoServer();
});

afterAll(() => server.close());

describe('undici with 16 requests pipelined on one connection', () => {
  it('gets 1,000 answers in order', async () => {
    await using client = new PipeliningClient(server.url, { pipelining: 16 });
    const arrived: number[] = [];
    await Promise.all(
      Array.from({ length: 1000 }, async (_, number) => {
        const { statusCode, body } = await client.request({ method: 'GET', path: `/params/${number}/x` });
        expect([statusCode, await body.json()]).toEqual([200, { a: String(number), b: 'x' }]);
        arrived.push(number);
      }),
    );
    expect(arrived).toEqual(arrived.toSorted((a, b) => a - b));
    expect(arrived).toHaveLength(1000);
  });

  it('mixes answers that are small, large, slow and wrong', async () => {
    await using client = new PipeliningClient(server.url, { pipelining: 16 });
    const paths = ['/health', '/big?bytes=300000', '/wait?ms=5', '/nothing', '/stream?chunks=20', '/throw'];
    const requests = Array.from({ length: 120 }, (_, i) => paths[i % paths.length] ?? '/health');
    const statuses = await Promise.all(
      requests.map(async (path) => {
        const { statusCode, body } = await client.request({ method: 'GET', path });
        const bytes = (await body.arrayBuffer()).byteLength;
        return path.startsWith('/big') ? [statusCode, bytes] : statusCode;
      }),
    );
    expect(statuses.slice(0, 6)).toEqual([200, [200, 300_000], 200, 404, 200, 500]);
    expect(statuses).toEqual(requests.map((_, i) => statuses[i % paths.length]));
  });

  it('sends bodies between requests without one', async () => {
    await using client = new PipeliningClient(server.url, { pipelining: 16 });
    const texts = Array.from({ length: 100 }, (_, i) => 'b'.repeat(i * 100));
    const answers = await Promise.all(
      texts.map(async (text) => {
        const health = client.request({ method: 'GET', path: '/health' });
        const { body } = await client.request({ method: 'PUT', path: '/echo', body: text });
        const answer = await body.text();
        await (await health).body.dump();
        return answer;
      }),
    );
    expect(answers).toEqual(texts);
  });
});
