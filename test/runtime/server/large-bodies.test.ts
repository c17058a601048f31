/** Bodies that come in several reads: in every piece size, beside each other, under pressure, and cut off. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { effort, freshSeed } from '../../support/effort.ts';
import { ConnectionEndedError, getRequest, RawClient, type RawResponse } from '../../support/raw-client.ts';
import { until } from '../../support/until.ts';
import { firstDifference, pattern } from './support/pattern.ts';
import { expectRest, startServer } from './support/start.ts';

const MAX_BODY_BYTES = 1_300_000;
const KB = 1_024;
/** What one read takes, what is read in place, what counts as earnest, and where buffers double. */
const BOUNDARIES = [16 * KB, 32 * KB, 64 * KB, 128 * KB, 144 * KB, 256 * KB, 512 * KB, 1_024 * KB];
const SIZES = BOUNDARIES.flatMap((size) => [size - 1, size, size + 1]);

const announced = (length: number, fields = '') =>
  `POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: ${length}\r\n${fields}\r\n`;

const chunked = (body: Buffer) =>
  Buffer.concat([
    Buffer.from('POST /echo HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n'),
    Buffer.from(`${body.length.toString(16)}\r\n`),
    body,
    Buffer.from('\r\n0\r\n\r\n'),
  ]);

function expectEcho(answer: RawResponse, seed: number, length: number): void {
  expect([answer.status, answer.body.length]).toEqual([200, length]);
  expect(firstDifference(answer.body, seed, 0)).toBe(-1);
}

/** Sends the pieces between the positions, each as a segment that the server can read on its own. */
async function sendSplit(client: RawClient, bytes: Buffer, positions: readonly number[]): Promise<void> {
  let start = 0;
  for (const end of [...positions, bytes.length].filter((position) => position <= bytes.length)) {
    if (end <= start) continue;
    await client.sendSegment(bytes.subarray(start, end));
    await nextTurn();
    start = end;
  }
}

describe('a large body', () => {
  test('of any size arrives whole, by its length and in chunks, with a request behind it', async () => {
    await using server = await startServer({ workers: 1, maxBodyBytes: MAX_BODY_BYTES });
    using client = await RawClient.connect(server.port);
    for (const [seed, length] of SIZES.entries()) {
      const body = pattern(seed, length);
      // So that the whole request has a size at a boundary, too.
      for (const head of [announced(length), announced(length, 'X-Longer: field\r\n')]) {
        client.send(Buffer.concat([Buffer.from(head), body, Buffer.from(getRequest('/params/1/2'))]));
        expectEcho(await client.next(), seed, length);
        expect((await client.next()).body.toString()).toBe('{"a":"1","b":"2"}');
      }
      const inAll = 128 * KB - announced(length).length;
      client.send(announced(inAll));
      client.send(pattern(seed, inAll));
      expectEcho(await client.next(), seed, inAll);
      client.send(chunked(body));
      expectEcho(await client.next(), seed, length);
    }
    client.halfClose();
    await expectRest(server, 1);
  });

  test.each([70_000, 150_000, 1_100_000])('of %i bytes may come in pieces of any size', async (length) => {
    await using server = await startServer({ workers: 2, maxBodyBytes: MAX_BODY_BYTES });
    const head = announced(length);
    const bytes = Buffer.concat([Buffer.from(head), pattern(length, length)]);
    const beginnings = [1, head.length - 1, head.length, head.length + 1, ...BOUNDARIES];
    await Promise.all(
      beginnings.flatMap((beginning) =>
        [-1, 0, 1].map(async (shift) => {
          using client = await RawClient.connect(server.port);
          const first = beginning + shift;
          // The last 16 KB are the least that is read in place.
          const last = [bytes.length - 16 * KB + shift, bytes.length - 2, bytes.length - 1];
          await sendSplit(client, bytes, [first, first + 1, first + 64 * KB, ...last]);
          expectEcho(await client.next(), length, length);
          await sendSplit(client, Buffer.concat([bytes, bytes]), [first, bytes.length + 1]);
          expectEcho(await client.next(), length, length);
          expectEcho(await client.next(), length, length);
        }),
      ),
    );
    await expectRest(server);
  });

  test('that its client sends slowly, or after an invitation, arrives whole', async () => {
    await using server = await startServer({ workers: 1, maxBodyBytes: MAX_BODY_BYTES });
    using client = await RawClient.connect(server.port);
    const body = pattern(7, 300_000);
    client.send(announced(body.length, 'Expect: 100-continue\r\n'));
    expect((await client.next()).status).toBe(100);
    for (let start = 0; start < body.length; start += 3_001) {
      await client.sendSegment(body.subarray(start, start + 3_001));
      await nextTurn();
    }
    expectEcho(await client.next(), 7, body.length);
    client.halfClose();
    await expectRest(server, 1);
  });

  test('whose client leaves in the middle gives its memory back', async () => {
    await using server = await startServer({ workers: 1, maxBodyBytes: MAX_BODY_BYTES });
    for (const sent of [20_000, 100_000, 140_000, 1_000_000]) {
      for (const leave of ['halfClose', 'reset'] as const) {
        using client = await RawClient.connect(server.port);
        client.send(announced(1_200_000));
        await client.sendSegment(pattern(1, sent));
        await until('the server has the bytes', () => server.usage.inboundBytes >= sent);
        client[leave]();
        if (leave === 'halfClose') expect((await client.final()).status).toBe(400);
        client.socket.destroy();
        await expectRest(server, 1);
      }
    }
  });

  test('that is refused in the middle leaves the memory of others alone, whatever its client still sends', async () => {
    await using server = await startServer({
      workers: 1,
      maxBodyBytes: MAX_BODY_BYTES,
      requestTimeoutMs: 200,
      headersTimeoutMs: 200,
    });
    using late = await RawClient.connect(server.port);
    late.send(announced(1_200_000));
    late.send(Buffer.alloc(20_000, 'late'));
    await until('there is room for more than has come', () => server.usage.inboundBytes >= 600_000);
    late.send(Buffer.alloc(20_000, 'late'));
    expect((await late.next()).status).toBe(408);
    const others = await Promise.all(Array.from({ length: 12 }, () => RawClient.connect(server.port)));
    for (const [seed, other] of others.entries()) {
      other.send(announced(400_000));
      await other.sendSegment(pattern(seed, 300_000));
    }
    await late.sendSegment(Buffer.alloc(1_000_000, 'late'));
    await nextTurn();
    for (const [seed, other] of others.entries()) {
      other.send(pattern(seed, 400_000).subarray(300_000));
      // The machine may be so slow that their own time is over.
      const answer = await other.next();
      if (answer.status !== 408) expectEcho(answer, seed, 400_000);
      other.reset();
    }
    late.reset();
    await expectRest(server, 1);
  });
});

test('many large bodies in little memory arrive whole or are refused with 503', async () => {
  await using server = await startServer({ inboundMemoryMb: 4, maxBodyBytes: 1_000_000 });
  const lengths = [30_000, 66_000, 200_000, 500_000, 900_000];
  const outcomes = { whole: 0, refused: 0 };
  const send = async (_: unknown, seed: number): Promise<void> => {
    for (let round = 0; round < 3; round++) {
      using client = await RawClient.connect(server.port);
      const length = lengths[(seed + round) % lengths.length] ?? 0;
      client.send(announced(length));
      client.send(pattern(seed, length));
      const answer = await client.next();
      if (answer.status === 200) expectEcho(answer, seed, length);
      else expect(answer.status).toBe(503);
      outcomes[answer.status === 200 ? 'whole' : 'refused']++;
    }
  };
  await Promise.all(Array.from({ length: 24 }, send));
  expect(outcomes.whole).toBeGreaterThan(0);
  await expectRest(server);
  // All of it is joined again.
  using client = await RawClient.connect(server.port);
  client.send(announced(1_000_000));
  client.send(pattern(1, 1_000_000));
  expectEcho(await client.next(), 1, 1_000_000);
});

test('room for bytes that are only announced is taken from half of the memory', async () => {
  await using server = await startServer({ workers: 1, inboundMemoryMb: 8, maxBodyBytes: MAX_BODY_BYTES });
  const senders = await Promise.all(Array.from({ length: 20 }, () => RawClient.connect(server.port)));
  for (const sender of senders) {
    sender.send(announced(1_000_000));
    await sender.sendSegment(pattern(1, 20_000));
  }
  await until('all have a buffer', () => server.usage.inboundBytes >= senders.length * 32 * KB);
  expect(server.usage.inboundBytes).toBeLessThanOrEqual(4 * 1_048_576 + senders.length * 64 * KB);
  for (const sender of senders) expect(sender.received).toBe(0);
  for (const sender of senders) sender.reset();
  await expectRest(server, 1);
});

describe('large bodies of many clients', () => {
  const CLIENTS = 12;
  const ROUNDS = effort(12, 400);

  test('in random pieces, some of which are cut off, reach their own handlers, while workers die', async () => {
    const seed = freshSeed('large bodies of many clients');
    await using server = await startServer({ workers: 3, inboundMemoryMb: 16, maxBodyBytes: MAX_BODY_BYTES });
    const outcomes = { whole: 0, lost: 0 };

    const send = async (_: unknown, number: number): Promise<void> => {
      const random = generator(seed + number);
      let client = await RawClient.connect(server.port);
      for (let round = 0; round < ROUNDS; round++) {
        const length = random(random(3) === 0 ? MAX_BODY_BYTES : 150_000);
        const body = pattern(number, length);
        const whole = random(4) === 0 ? chunked(body) : Buffer.concat([Buffer.from(announced(length)), body]);
        const positions = Array.from({ length: random(6) }, () => random(whole.length)).sort((a, b) => a - b);
        const isCutOff = random(5) === 0;
        await sendSplit(client, isCutOff ? whole.subarray(0, random(whole.length)) : whole, positions);
        const isLost = isCutOff || !(await isEchoed(client, number, length));
        outcomes[isLost ? 'lost' : 'whole']++;
        if (!isLost) continue;
        client.reset();
        client = await RawClient.connect(server.port);
      }
      client.reset();
    };
    const kill = async (): Promise<void> => {
      using client = await RawClient.connect(server.port);
      for (let deaths = 0; deaths < ROUNDS / 4; deaths++) {
        expect((await client.get('/exit')).status).toBe(500);
        const before = outcomes.whole;
        await until('another body has arrived', () => outcomes.whole > before || isOver);
      }
    };
    let isOver = false;
    const clients = Promise.all(Array.from({ length: CLIENTS }, send)).finally(() => {
      isOver = true;
    });
    await Promise.all([clients, kill()]);
    expect(outcomes.whole).toBeGreaterThan(0);
    await expectRest(server, 3);
  });

  /** @returns false if the server has refused the body or closed, as it may under this load */
  async function isEchoed(client: RawClient, seed: number, length: number): Promise<boolean> {
    try {
      const answer = await client.next();
      if (answer.status !== 200) {
        expect([500, 503]).toContain(answer.status);
        return answer.headers['connection'] !== 'close';
      }
      expectEcho(answer, seed, length);
      return answer.headers['connection'] !== 'close';
    } catch (error) {
      if (!(error instanceof ConnectionEndedError)) throw error;
      return false;
    }
  }
});

/** Integers from 0 to below the bound (Marsaglia, Xorshift RNGs). */
function generator(seed: number): (bound: number) => number {
  let state = (seed + 1) | 1;
  return (bound) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % bound;
  };
}
