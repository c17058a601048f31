/** Reading into buffers, and handing bytes to the kernel at once, on real sockets. */

import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  adoptSocket,
  type ClientSocket,
  writeAtOnce,
} from '../../../../src/runtime/server/sockets/client-socket.ts';
import { until } from '../../../support/until.ts';
import { firstDifference, pattern } from '../support/pattern.ts';

const LENGTH = 32 * 1_048_576;

/** In shared memory, as the rings are. */
const source = Buffer.from(new SharedArrayBuffer(LENGTH));
source.set(pattern(1, LENGTH));

const server = createServer({ noDelay: true, allowHalfOpen: true, pauseOnConnect: true });
let client: Socket;
let socket: ClientSocket;
/** What was read: into which buffer, and the bytes as text. */
let reads: (readonly [Buffer, string])[];
let nextBuffer: Buffer | undefined;
const first = Buffer.alloc(1_024);

beforeEach(async () => {
  reads = [];
  nextBuffer = undefined;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port');
  client = connect({ port: address.port, host: '127.0.0.1' });
  client.pause();
  const [accepted] = (await once(server, 'connection')) as [Socket];
  socket = adoptSocket(accepted, {
    buffer: first,
    onBytes: (bytes, length) => reads.push([bytes, bytes.toString('latin1', 0, length)]),
    nextBuffer: () => nextBuffer,
  });
  socket.on('error', () => socket.destroy());
});

/** The server is closed only when its last socket is. */
afterEach(async () => {
  client.destroy();
  server.close();
  socket.destroy();
  await once(server, 'close');
});

describe('adoptSocket', () => {
  test('reads into the buffer that it is given, without a copy', async () => {
    client.write('one');
    await until('it has come', () => reads.length > 0);
    expect(reads).toEqual([[first, 'one']]);
    expect(reads[0]?.[0]).toBe(first);
  });

  test('reads into the next buffer from then on', async () => {
    nextBuffer = Buffer.alloc(16);
    client.write('one');
    await until('the first has come', () => reads.length === 1);
    client.write('two');
    await until('the second has come', () => reads.length === 2);
    expect(reads[1]?.[0]).toBe(nextBuffer);
    expect(reads[1]?.[1]).toBe('two');
  });

  test('reads nothing while it is paused, and goes on afterwards', async () => {
    socket.pause();
    client.write('one');
    await new Promise<void>((resolve) => client.write('two', () => resolve()));
    expect(reads).toEqual([]);
    socket.resume();
    await until('both have come', () => reads.map(([, text]) => text).join('') === 'onetwo');
  });

  test('tells the end of its input, and can still be written to', async () => {
    const end = once(socket as Socket, 'end');
    client.end();
    await end;
    socket.end(Buffer.from('late'));
    expect((await buffer(client)).toString()).toBe('late');
  });

  test('knows the address of its peer', () => {
    expect(socket.remoteAddress).toBe('127.0.0.1');
  });
});

describe('writeAtOnce', () => {
  test('takes what fits, and nothing is in the socket afterwards', async () => {
    expect(writeAtOnce(socket, source, 10, 5_010)).toBe(5_000);
    expect(socket.writableLength).toBe(0);
    socket.end(() => {});
    const received = await buffer(client);
    expect(received.equals(source.subarray(10, 5_010))).toBe(true);
  });

  test('takes a part if the client does not read, and the rest follows in order', async () => {
    let taken = 0;
    for (let more = -1; more !== 0; taken += more) more = writeAtOnce(socket, source, taken, LENGTH);
    expect(taken).toBeGreaterThan(0);
    expect(taken, 'the kernel is full').toBeLessThan(LENGTH);
    socket.write(Buffer.from(source.subarray(taken)));
    socket.end(() => {});
    const received = await buffer(client);
    expect([received.length, firstDifference(received, 1, 0)]).toEqual([LENGTH, -1]);
  });

  test('takes nothing for a client that is gone, which the socket learns by itself', async () => {
    client.resetAndDestroy();
    await until('the reset has come', () => writeAtOnce(socket, source, 0, 100) === 0);
    socket.write(Buffer.alloc(1));
    await until('the socket has its end', () => socket.destroyed);
    expect(writeAtOnce(socket, source, 0, 100)).toBe(0);
  });
});
