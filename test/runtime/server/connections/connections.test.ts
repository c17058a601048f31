/** Clients from the accepted socket to the free number: capacity, deadlines and the end of the server. */

import { describe, expect, test } from 'vitest';
import { TURN_ABORT, TURN_ANSWERED, TURN_CLOSE, TURN_NEED } from '../../../../src/runtime/memory/protocol.ts';
import { DEADLINES, FakeWorker, Rig } from '../support/rig.ts';

const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const RESPONSE = 'HTTP/1.1 204 No Content\r\n\r\n';

describe('a client above the capacity', () => {
  test('is answered 503 and takes no number', () => {
    const rig = new Rig({ connections: 1 });
    rig.connect();
    const refused = rig.connect();
    expect(refused.taken).toMatch(/^HTTP\/1\.1 503 .*Retry-After: 1\r\n.*no room/s);
    expect(rig.connections.count).toBe(1);
    refused.close();
  });

  test('has time to read the 503, unless too many are refused at once', () => {
    const rig = new Rig({ connections: 1 });
    rig.connect();
    const refused = [rig.connect(), rig.connect()];
    expect(refused.map((socket) => socket.destroyed)).toEqual([false, true]);
    rig.connections.destroyAll();
    expect(refused[0]?.destroyed).toBe(true);
    refused[0]?.close();
  });

  test('is served once a number is free', () => {
    const rig = new Rig({ connections: 1 });
    rig.connect().close();
    expect(rig.connect().taken).toBe('');
  });
});

describe('a sweep', () => {
  test('ends a connection without a request, first with FIN, then for good', () => {
    const rig = new Rig();
    const socket = rig.connect();
    rig.sweepAfter(DEADLINES.headersTimeoutMs);
    expect(socket.writableEnded).toBe(false);
    rig.sweepAfter(rig.connections.sweepIntervalMs + 1);
    expect(socket.writableEnded).toBe(true);
    expect(socket.taken).toBe('');
    rig.sweepAfter(2 * rig.connections.sweepIntervalMs + DEADLINES.lingerMs);
    expect(socket.destroyed).toBe(true);
  });

  test('answers 408 to a request that does not arrive, however it trickles in', () => {
    const rig = new Rig();
    const socket = rig.connect();
    const worker = new FakeWorker(rig);
    const deadline = rig.clock.time + DEADLINES.headersTimeoutMs + 2 * rig.connections.sweepIntervalMs;
    while (rig.clock.time <= deadline && socket.taken === '') {
      socket.receive('x');
      const number = worker.take();
      if (number !== null) worker.endTurn(number, TURN_NEED, '', 0);
      rig.drain(worker);
      rig.sweepAfter(rig.connections.sweepIntervalMs);
    }
    expect(socket.taken).toMatch(/^HTTP\/1\.1 408 /);
  });

  test('leaves a connection alone while a worker has it', () => {
    const rig = new Rig();
    const socket = rig.connect();
    socket.receive(REQUEST);
    rig.sweepAfter(100_000);
    expect(socket.writableEnded).toBe(false);
  });

  test('breaks off a client that reads nothing for WRITE_TIMEOUT_MS, but not one that reads slowly', () => {
    const rig = new Rig();
    const worker = new FakeWorker(rig);
    const socket = rig.connect();
    socket.isSlow = true;
    socket.receive(REQUEST);
    const number = worker.take() ?? -1;
    for (let part = 0; part < 3; part++) worker.sendPart(number, 'x'.repeat(12_000));
    rig.drain(worker);
    for (let round = 0; round < 2; round++) {
      rig.sweepAfter(DEADLINES.writeTimeoutMs - 1);
      expect(socket.destroyed, `round ${round}`).toBe(false);
      socket.take(1);
    }
    rig.sweepAfter(DEADLINES.writeTimeoutMs + 1);
    expect(socket.destroyed, 'it has taken something since the last sweep').toBe(false);
    rig.sweepAfter(DEADLINES.writeTimeoutMs + 1);
    expect(socket.destroyed).toBe(true);
  });
});

describe('a client that reads its last response slowly', () => {
  test('is cut off only after the linger time, which begins when it has read everything', () => {
    const rig = new Rig();
    const worker = new FakeWorker(rig);
    const socket = rig.connect();
    socket.isSlow = true;
    socket.receive(REQUEST);
    worker.endTurn(worker.take() ?? -1, TURN_CLOSE, RESPONSE);
    rig.drain(worker);
    const lingering = DEADLINES.lingerMs + 2 * rig.connections.sweepIntervalMs;
    expect(lingering).toBeLessThan(DEADLINES.writeTimeoutMs);
    rig.sweepAfter(lingering);
    expect(socket.destroyed).toBe(false);
    socket.take();
    expect(socket.taken).toBe(RESPONSE);
    rig.sweepAfter(lingering);
    expect(socket.destroyed).toBe(true);
  });
});

describe('when the server stops', () => {
  test('a silent connection ends soon, and one that sends a last request after its answer', () => {
    const rig = new Rig({ connections: 4 });
    const worker = new FakeWorker(rig);
    const [silent, busy, sending] = [rig.connect(), rig.connect(), rig.connect()];
    busy.receive(REQUEST);
    rig.connections.stop(rig.clock.time);
    rig.sweepAfter(50);
    const late = rig.connect();
    sending.receive(REQUEST);
    for (const socket of [silent, busy, sending, late]) expect(socket.destroyed).toBe(false);
    rig.sweepAfter(100);
    expect(silent.destroyed).toBe(true);
    expect(late.destroyed, 'it has connected later').toBe(false);
    for (const socket of [busy, sending]) {
      worker.endTurn(worker.take() ?? -1, TURN_CLOSE, RESPONSE);
      rig.drain(worker);
      expect(socket.taken).toBe(RESPONSE);
      expect(socket.writableEnded).toBe(true);
    }
    rig.sweepAfter(120);
    expect(late.destroyed).toBe(true);
  });

  test('a client whose last answer did not say so has time for one more request', () => {
    const rig = new Rig();
    const worker = new FakeWorker(rig);
    const socket = rig.connect();
    socket.receive(REQUEST);
    const number = worker.take() ?? -1;
    rig.connections.stop(rig.clock.time);
    worker.endTurn(number, TURN_ANSWERED, RESPONSE);
    rig.drain(worker);
    rig.sweepAfter(50);
    expect(socket.writableEnded).toBe(false);
    socket.receive(REQUEST);
    expect(worker.take()).toBe(number);
  });

  test('the end of the last connection is reported', async () => {
    const rig = new Rig();
    const sockets = [rig.connect(), rig.connect()];
    const none = rig.connections.whenNone(60_000);
    for (const socket of sockets) socket.close();
    await none;
  });

  test('cut-off requests without a response and incomplete responses are counted', () => {
    const rig = new Rig({ connections: 6 });
    const worker = new FakeWorker(rig);
    const [waiting, streaming, aborted, , receiving, reading] = Array.from({ length: 6 }, () =>
      rig.connect(),
    );
    for (const socket of [waiting, streaming, aborted, reading]) socket?.receive(REQUEST);
    const numbers = Array.from({ length: 4 }, () => worker.take() ?? -1);
    if (reading !== undefined) reading.isSlow = true;
    worker.sendPart(numbers[1] ?? -1, 'a part');
    worker.endTurn(numbers[3] ?? -1, TURN_ANSWERED, RESPONSE);
    rig.drain(worker);
    receiving?.receive('GET /');
    rig.connections.stop(rig.clock.time);
    worker.sendPart(numbers[2] ?? -1, 'a part');
    worker.endTurn(numbers[2] ?? -1, TURN_ABORT);
    rig.drain(worker);
    for (const socket of [aborted]) socket?.close();
    // Without a response: waiting, receiving, and the idle one, whose socket has not told its end yet.
    // With a part of it: streaming, reading, and the aborted one.
    expect(rig.connections.countUnfinished()).toEqual({ connections: 5, requests: 3, streams: 3 });
  });

  test('all remaining connections are destroyed', () => {
    const rig = new Rig();
    const sockets = [rig.connect(), rig.connect()];
    sockets[0]?.receive(REQUEST);
    rig.connections.destroyAll();
    expect(sockets.map((socket) => socket.destroyed)).toEqual([true, true]);
  });
});
