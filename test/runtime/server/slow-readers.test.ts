/** Clients that read slowly or not at all: they get every byte, cost bounded memory, and delay nobody. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { getRequest, RawClient } from '../../support/raw-client.ts';
import { SlowReader } from '../../support/slow-reader.ts';
import { until } from '../../support/until.ts';
import { firstDifference } from './support/pattern.ts';
import { expectRest, startServer } from './support/start.ts';

const MB = 1_048_576;

/** Reads a /pattern response in pieces of changing size, with a pause after each, and checks every byte. */
async function readPattern(reader: SlowReader, seed: number, length: number): Promise<void> {
  expect(await reader.readHead()).toContain(`\r\nContent-Length: ${length}\r\n`);
  let offset = 0;
  for (let piece = 0; offset < length; piece++) {
    const bytes = await reader.read(Math.min(length - offset, 1 + ((piece * 7_919) % 60_000)));
    if (bytes === null) throw new Error(`The connection has ended after ${offset} of ${length} bytes`);
    expect(firstDifference(bytes, seed, offset)).toBe(-1);
    offset += bytes.length;
    await nextTurn();
  }
}

describe('slow readers', () => {
  test('on many connections get every byte of their large responses, and none of others', async () => {
    await using server = await startServer();
    const length = 4 * MB + 321;
    const clients = await Promise.all(Array.from({ length: 24 }, () => SlowReader.connect(server.port)));
    await Promise.all(
      clients.map(async (reader, seed) => {
        using _ = reader;
        for (let round = 0; round < 2; round++) {
          reader.socket.write(getRequest(`/pattern/${seed}/${length}`));
          await readPattern(reader, seed, length);
        }
      }),
    );
    await expectRest(server);
  });

  test('keep their whole window over many responses', async () => {
    // With a window of one piece, a lost credit would soon leave none.
    await using server = await startServer({ outboundWindowBytes: 16_384, workers: 1 });
    using reader = await SlowReader.connect(server.port);
    const lengths = Array.from({ length: 300 }, (_, number) => 1 + ((number * 48_271) % 150_000));
    reader.socket.write(lengths.map((length, seed) => getRequest(`/pattern/${seed}/${length}`)).join(''));
    for (const [seed, length] of lengths.entries()) await readPattern(reader, seed, length);
    reader.socket.end();
    await expectRest(server, 1);
  });

  test('of all connections together hold no more than OUTBOUND_MEMORY_MB, and small answers go on', async () => {
    await using server = await startServer({ workers: 2, outboundMemoryMb: 1, shutdownTimeoutMs: 1_000 });
    const readers = await Promise.all(
      Array.from({ length: 24 }, () => RawClient.connect(server.port, { paused: true })),
    );
    for (const reader of readers) reader.send(getRequest('/flood'));
    using other = await RawClient.connect(server.port);
    let most = 0;
    await until('the kernel takes no more', () => {
      most = Math.max(most, server.usage.outboundBytes);
      return most > MB / 4;
    });
    for (let number = 0; number < 200; number++) {
      expect((await other.get('/params/a/b')).status).toBe(200);
      most = Math.max(most, server.usage.outboundBytes);
    }
    // Every connection has the least credit beyond the bound.
    expect(most).toBeLessThanOrEqual(MB + readers.length * 16_384);
    for (const reader of readers) reader.reset();
    await until('all is given back', () => server.usage.outboundBytes === 0);
  });

  test('take no more memory than their window, and delay nobody', async () => {
    const outboundWindowBytes = MB;
    await using server = await startServer({ workers: 1, outboundWindowBytes });
    const readers = await Promise.all(
      Array.from({ length: 8 }, () => RawClient.connect(server.port, { paused: true })),
    );
    using other = await RawClient.connect(server.port);
    await other.get('/health');
    const before = process.memoryUsage().arrayBuffers;
    for (const reader of readers) reader.send(getRequest('/flood'));
    for (let number = 0; number < 200; number++) {
      expect((await other.get('/health')).status).toBe(200);
    }
    // Four times the windows, because of other allocations. The streams have no end.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(
      4 * readers.length * outboundWindowBytes,
    );
    // A window each, and what the requests themselves take.
    expect(server.usage.inboundBytes).toBeLessThanOrEqual(9 * 2_048);
    for (const reader of readers) reader.reset();
    other.halfClose();
    await expectRest(server, 1);
  });

  test('together hold at most OUTBOUND_MEMORY_MB, and further ones are answered with 503', async () => {
    await using server = await startServer({ workers: 2, outboundMemoryMb: 16 });
    const readers = await Promise.all(
      Array.from({ length: 8 }, () => RawClient.connect(server.port, { paused: true })),
    );
    for (const reader of readers) {
      reader.send(getRequest(`/big?bytes=${6 * MB}`));
      await until('it is served', () => server.usage.queued === 0);
    }
    using other = await RawClient.connect(server.port);
    expect((await other.get('/health')).status).toBe(200);
    const statuses: number[] = [];
    for (const reader of readers) {
      reader.resume();
      const response = await reader.next();
      statuses.push(response.status);
      expect(response.body.length).toBe(
        response.status === 200 ? 6 * MB : Number(response.headers['content-length']),
      );
      reader.halfClose();
    }
    expect(statuses).toContain(200);
    expect(statuses).toContain(503);
    // Released again: there is room for the next.
    other.send(getRequest(`/big?bytes=${6 * MB}`));
    expect((await other.next()).status).toBe(200);
    other.halfClose();
    await expectRest(server);
  });

  test('of streams hold at most OUTBOUND_MEMORY_MB too, and a stream beyond it is cut off', async () => {
    await using server = await startServer({ workers: 1, outboundMemoryMb: 4 });
    using first = await RawClient.connect(server.port, { paused: true });
    using second = await RawClient.connect(server.port, { paused: true });
    for (const client of [first, second]) {
      client.send(getRequest('/blocks'));
      await until('its first block waits', () => server.usage.queued === 0 && server.usage.inboundBytes > 0);
    }
    second.resume();
    expect((await second.end()).toString('latin1')).not.toContain('\r\n0\r\n');
    expect(second.error).toBeUndefined();
    first.resume();
    expect((await first.next()).body).toHaveLength(3 * 3 * MB);
    second.halfClose();
    first.halfClose();
    await expectRest(server, 1);
  });

  test('give back the memory of a worker that dies', async () => {
    await using server = await startServer({ workers: 1, outboundMemoryMb: 16 });
    using reader = await RawClient.connect(server.port, { paused: true });
    reader.send(getRequest(`/big?bytes=${12 * MB}`));
    using client = await RawClient.connect(server.port);
    expect((await client.get(`/big?bytes=${8 * MB}`)).status).toBe(503);
    expect((await client.get('/exit')).status).toBe(500);
    reader.reset();
    expect((await client.get(`/big?bytes=${12 * MB}`)).status).toBe(200);
    client.halfClose();
    await expectRest(server, 1);
  });

  test('that speak HTTP/1.0 and take nothing see a reset, since FIN means complete', async () => {
    await using server = await startServer({ workers: 1, writeTimeoutMs: 300 });
    using reader = await RawClient.connect(server.port, { paused: true });
    reader.send('GET /flood HTTP/1.0\r\n\r\n');
    await until('it is closed', () => server.usage.connections === 0);
    reader.resume();
    await reader.end();
    expect(reader.error).toBe('ECONNRESET');
    await expectRest(server, 1);
  });

  test('that take nothing are closed after WRITE_TIMEOUT_MS, but those that take something are not', async () => {
    await using server = await startServer({ writeTimeoutMs: 400, workers: 1 });
    using none = await SlowReader.connect(server.port);
    using some = await SlowReader.connect(server.port);
    const length = 24 * MB;
    none.socket.write(getRequest(`/pattern/1/${length}`));
    some.socket.write(getRequest(`/pattern/2/${length}`));
    await some.readHead();
    let taken = 0;
    // Takes a little whenever the event loop comes round, for as long as the other one lives.
    while (server.usage.connections === 2) {
      const bytes = await some.read(65_536);
      if (bytes === null) break;
      expect(firstDifference(bytes, 2, taken)).toBe(-1);
      taken += bytes.length;
      if (taken > length - 8 * MB) throw new Error('The reader that takes nothing was not closed');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    for (let bytes = await some.read(MB); bytes !== null; bytes = await some.read(MB)) {
      expect(firstDifference(bytes, 2, taken)).toBe(-1);
      taken += bytes.length;
      if (taken === length) break;
    }
    expect(taken).toBe(length);
    some.socket.end();
    await expectRest(server, 1);
  });

  test('that go away in the middle of a response leave nothing behind', async () => {
    await using server = await startServer({ workers: 1 });
    const readers = await Promise.all(Array.from({ length: 16 }, () => SlowReader.connect(server.port)));
    for (const [seed, reader] of readers.entries())
      reader.socket.write(getRequest(`/pattern/${seed}/${8 * MB}`));
    await Promise.all(readers.map((reader) => reader.readHead()));
    for (const [index, reader] of readers.entries()) {
      if (index % 2 === 0) reader.socket.destroy();
      else reader.socket.resetAndDestroy();
    }
    await expectRest(server, 1);
    using other = await RawClient.connect(server.port);
    expect((await other.get('/health')).status).toBe(200);
  });

  test('of a stream pause its producer, and end it when they leave', async () => {
    await using server = await startServer({ workers: 1 });
    using reader = await RawClient.connect(server.port, { paused: true });
    reader.send(getRequest('/flood'));
    using other = await RawClient.connect(server.port);
    expect((await other.get('/health')).status).toBe(200);
    reader.resume();
    await until('some of the stream was read', () => reader.received > 2 * MB);
    reader.reset();
    other.halfClose();
    await expectRest(server, 1);
  });
});
