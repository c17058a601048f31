/** Node's own fetch. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Server } from '../../src/runtime/server/server.ts';
import { startEchoServer } from './support/echo-server.ts';

let server: Server;

beforeAll(async () => {
  server = await startEchoServer();
});

afterAll(() => server.close());

describe("Node's fetch", () => {
  it('reads JSON', async () => {
    const response = await fetch(`${server.url}/echo?q=a%20b&q=c`, { headers: { 'x-one': '1' } });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ method: 'GET', path: '/echo', headers: { 'x-one': '1' } });
  });

  it('sends a stream and reads it back', async () => {
    const pieces = Array.from({ length: 20 }, (_, i) => new TextEncoder().encode(`piece ${i};`.repeat(500)));
    const response = await fetch(`${server.url}/echo`, {
      method: 'POST',
      body: ReadableStream.from(pieces),
      duplex: 'half',
    });
    expect(Buffer.from(await response.arrayBuffer()).equals(Buffer.concat(pieces))).toBe(true);
  });

  it('reads a stream piece by piece', async () => {
    const response = await fetch(`${server.url}/stream?chunks=200`);
    let bytes = 0;
    for await (const piece of response.body ?? []) bytes += piece.length;
    expect(response.status).toBe(200);
    expect(bytes).toBeGreaterThanOrEqual(200);
  });

  it('gets the right answer to each of 200 simultaneous requests', async () => {
    const numbers = Array.from({ length: 200 }, (_, i) => i);
    const answers = await Promise.all(
      numbers.map(async (number) => (await fetch(`${server.url}/params/${number}/x`)).json()),
    );
    expect(answers).toEqual(numbers.map((number) => ({ a: String(number), b: 'x' })));
  });

  it('gets no body with HEAD', async () => {
    const response = await fetch(`${server.url}/big?bytes=5000`, { method: 'HEAD' });
    expect([response.status, response.headers.get('content-length'), await response.text()]).toEqual([
      200,
      '5000',
      '',
    ]);
  });

  it('can abort a request and send another', async () => {
    const abort = new AbortController();
    const response = await fetch(`${server.url}/stream?chunks=100000&ms=1`, { signal: abort.signal });
    abort.abort();
    await expect(response.text()).rejects.toThrow(/abort/i);
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
  });

  it('reads problem details', async () => {
    const response = await fetch(`${server.url}/no/such/path`);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toMatchObject({ status: 404 });
  });
});
