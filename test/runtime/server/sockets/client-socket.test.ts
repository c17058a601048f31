/** Handing bytes to the kernel at once, on real sockets. */

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

describe('writeAtOnce', () => {
  const server = createServer({ noDelay: true, allowHalfOpen: true });
  let client: Socket;
  let socket: ClientSocket;

  beforeEach(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('The server has no port');
    client = connect({ port: address.port, host: '127.0.0.1' });
    client.pause();
    const [accepted] = (await once(server, 'connection')) as [Socket];
    socket = adoptSocket(accepted, {
      buffer: Buffer.alloc(1_024),
      onBytes: () => {},
      nextBuffer: () => undefined,
    });
    socket.on('error', () => socket.destroy());
  });

  afterEach(async () => {
    client.destroy();
    socket.destroy();
    server.close();
    await once(server, 'close');
  });

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
