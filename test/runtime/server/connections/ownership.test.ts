/**
 * How a connection is handed to a worker and taken back, played on real shared memory with sockets of the
 * test.
 */

import { describe, expect, test } from 'vitest';
import { InvariantError } from '../../../../src/platform/invariant.ts';
import { stateOf } from '../../../../src/runtime/memory/connections/state-word.ts';
import {
  REQUEST_HTTP_1_0,
  STATE_FREE,
  STATE_IDLE,
  STATE_READY,
  TURN_ABORT,
  TURN_ANSWERED,
  TURN_CLOSE,
  TURN_HEAVY,
  TURN_NEED,
} from '../../../../src/runtime/memory/protocol.ts';
import { FakeWorker, Rig } from '../support/rig.ts';

const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const RESPONSE = 'HTTP/1.1 204 No Content\r\n\r\n';

/** A client whose request a worker has taken. */
function createRunning(options = {}) {
  const rig = new Rig(options);
  const worker = new FakeWorker(rig);
  const socket = rig.connect();
  socket.receive(REQUEST);
  const number = worker.take() ?? -1;
  return { rig, worker, socket, number };
}

const stateIn = (rig: Rig, number: number) => stateOf(rig.table.stateWord(number));

describe('a request', () => {
  test('is queued with its first bytes, and its response gives the connection back', () => {
    const rig = new Rig();
    const worker = new FakeWorker(rig);
    const socket = rig.connect();
    expect(rig.queue.length).toBe(0);
    socket.receive(REQUEST);
    expect(worker.take()).toBe(0);
    expect(worker.text(0)).toBe(REQUEST);
    worker.endTurn(0, TURN_ANSWERED, RESPONSE);
    rig.drain(worker);
    expect(socket.taken).toBe(RESPONSE);
    expect(stateIn(rig, 0)).toBe(STATE_IDLE);
    expect(rig.inbound.allocatedBytes, 'an idle connection has no buffer').toBe(0);
  });

  test('that comes while an earlier one is served is queued afterwards, once', () => {
    const { rig, worker, socket, number } = createRunning();
    const seen = rig.table.length(number);
    socket.receive(REQUEST);
    socket.receive(REQUEST);
    expect(rig.queue.length).toBe(0);
    worker.endTurn(number, TURN_ANSWERED, RESPONSE, seen);
    rig.drain(worker);
    expect(rig.queue.length).toBe(1);
    worker.take();
    expect(worker.text(number)).toBe(REQUEST + REQUEST);
  });

  test('waits in an overflow while a worker owns the full buffer, and reading stops until then', () => {
    const { rig, worker, socket, number } = createRunning();
    const address = rig.table.address(number);
    const large = 'x'.repeat(5_000);
    socket.receive(large);
    expect(socket.isPaused).toBe(true);
    expect(rig.table.address(number), 'the buffer rests').toBe(address);
    expect(worker.text(number)).toBe(REQUEST);
    worker.endTurn(number, TURN_ANSWERED, RESPONSE);
    rig.drain(worker);
    expect(socket.isPaused).toBe(false);
    worker.take();
    expect(worker.text(number)).toBe(large);
  });

  test('that lacks a known number of bytes is looked at again with its last one', () => {
    const { rig, worker, socket, number } = createRunning();
    worker.endTurn(number, TURN_NEED, '', 0, 10);
    rig.drain(worker);
    socket.receive('12345');
    expect(rig.queue.length).toBe(0);
    socket.receive('67890');
    expect(rig.queue.length).toBe(1);
  });

  test('that lacks bytes which came after the worker had looked is looked at again at once', () => {
    const { rig, worker, socket, number } = createRunning();
    worker.endTurn(number, TURN_NEED, '', 0, 5);
    socket.receive('12345');
    rig.drain(worker);
    expect(rig.queue.length).toBe(1);
  });

  test('for a heavy route is not queued but left to the dispatcher', () => {
    const { rig, worker, number } = createRunning();
    worker.endTurn(number, TURN_HEAVY, '', 0);
    rig.drain(worker);
    expect(rig.heavy.map((connection) => connection.number)).toEqual([number]);
    expect(rig.queue.length).toBe(0);
  });

  test('for which there is no memory is answered 503, and its connection ends', () => {
    const rig = new Rig({ inboundBytes: 2_048 });
    rig.connect().receive('GET /');
    const socket = rig.connect();
    socket.receive('GET /');
    expect(socket.taken).toMatch(/^HTTP\/1\.1 503 .*Retry-After: 1\r\n.*out of memory/s);
    expect(socket.writableEnded).toBe(true);
  });

  test('that outgrows the memory between two turns is answered 503 as well', () => {
    const { rig, worker, socket, number } = createRunning({ inboundBytes: 2_048 });
    socket.receive('x'.repeat(3_000));
    worker.endTurn(number, TURN_NEED, '', 0);
    rig.drain(worker);
    expect(socket.taken).toMatch(/^HTTP\/1\.1 503 /);
    expect(rig.inbound.allocatedBytes).toBe(0);
  });
});

describe('a record', () => {
  test('of an earlier client of the number is dropped', () => {
    const { rig, worker, socket, number } = createRunning();
    worker.endTurn(number, TURN_ANSWERED, RESPONSE);
    rig.drain(worker);
    socket.close();
    const next = rig.connect();
    next.receive(REQUEST);
    worker.writer.open(0);
    worker.writer.endTurn({ connection: number, generation: 1, consumed: 0, seen: 0 }, TURN_CLOSE, 0);
    rig.drain(worker);
    expect(next.writableEnded).toBe(false);
    expect(stateIn(rig, number)).toBe(STATE_READY);
  });

  test('for a connection that no worker has taken breaks an invariant', () => {
    const rig = new Rig();
    const worker = new FakeWorker(rig);
    rig.connect().receive(REQUEST);
    worker.endTurn(0, TURN_ANSWERED, RESPONSE);
    expect(() => rig.drain(worker)).toThrow(InvariantError);
  });

  test('that answers more than has come breaks an invariant', () => {
    const { rig, worker, number } = createRunning();
    worker.endTurn(number, TURN_ANSWERED, RESPONSE, REQUEST.length + 1);
    expect(() => rig.drain(worker)).toThrow(InvariantError);
  });

  test('that answers less than the one before it breaks an invariant', () => {
    const { rig, worker, number } = createRunning();
    worker.sendPart(number, RESPONSE, REQUEST.length);
    worker.endTurn(number, TURN_ANSWERED, '', 0);
    expect(() => rig.drain(worker)).toThrow(InvariantError);
  });

  test('that closes the connection has its bytes sent before the FIN', () => {
    const { rig, worker, socket, number } = createRunning();
    worker.endTurn(number, TURN_CLOSE, RESPONSE);
    rig.drain(worker);
    expect(socket.taken).toBe(RESPONSE);
    expect(socket.writableEnded).toBe(true);
  });

  test.each([
    ['HTTP/1.1', 0, 'a FIN'],
    ['HTTP/1.0', REQUEST_HTTP_1_0, 'a reset'],
  ])(
    'that aborts a response to an %s client ends it so that the client can tell',
    (_version, request, end) => {
      const { rig, worker, socket, number } = createRunning();
      worker.begin(number, request);
      worker.sendPart(number, 'HTTP/1.1 200 OK\r\n\r\nhal');
      worker.endTurn(number, TURN_ABORT);
      rig.drain(worker);
      expect(socket.isReset ? 'a reset' : 'a FIN').toBe(end);
      expect(socket.destroyed || socket.writableEnded).toBe(true);
    },
  );
});

describe('a client that goes away', () => {
  test('between requests leaves its number free', () => {
    const rig = new Rig();
    const socket = rig.connect();
    expect(rig.connections.count).toBe(1);
    socket.close();
    expect(rig.connections.count).toBe(0);
    expect(stateIn(rig, 0)).toBe(STATE_FREE);
  });

  test('while its request is queued keeps its number until a worker has popped and returned it', () => {
    const rig = new Rig();
    const worker = new FakeWorker(rig);
    const socket = rig.connect();
    socket.receive(REQUEST);
    socket.close();
    expect(rig.aborted).toEqual([]);
    expect(rig.connections.count).toBe(1);
    worker.endTurn(worker.take() ?? -1, TURN_ANSWERED, '', 0);
    rig.drain(worker);
    expect(rig.connections.count).toBe(0);
    expect(rig.inbound.allocatedBytes).toBe(0);
  });

  test('while its request is served is reported to the worker, and keeps its number until the last record', () => {
    const { rig, worker, socket, number } = createRunning();
    socket.close();
    expect(rig.aborted).toEqual([number]);
    worker.sendPart(number, RESPONSE);
    rig.drain(worker);
    expect(rig.connections.count).toBe(1);
    worker.endTurn(number, TURN_ANSWERED, '', 0);
    rig.drain(worker);
    expect(rig.connections.count).toBe(0);
    expect(socket.taken, 'nothing is written to a socket that is gone').toBe('');
  });
});

describe('a client that half-closes', () => {
  test('gets its answer, then FIN', () => {
    const { rig, worker, socket, number } = createRunning();
    socket.halfClose();
    expect(socket.writableEnded).toBe(false);
    worker.endTurn(number, TURN_ANSWERED, RESPONSE);
    rig.drain(worker);
    expect(socket.taken).toBe(RESPONSE);
    expect(socket.writableEnded).toBe(true);
  });

  test('in the middle of a request is answered 400', () => {
    const { rig, worker, socket, number } = createRunning();
    socket.halfClose();
    worker.endTurn(number, TURN_NEED, '', 0);
    rig.drain(worker);
    expect(socket.taken).toMatch(/^HTTP\/1\.1 400 /);
  });

  test('after only empty lines is not answered', () => {
    const { rig, worker, socket, number } = createRunning();
    worker.endTurn(number, TURN_ANSWERED, RESPONSE);
    rig.drain(worker);
    socket.receive('\r\n');
    worker.endTurn(worker.take() ?? -1, TURN_NEED, '', 0);
    rig.drain(worker);
    socket.halfClose();
    expect(socket.taken).toBe(RESPONSE);
    expect(socket.writableEnded).toBe(true);
  });
});

describe('a connection whose owner hangs', () => {
  test('is answered by main, takes no late record, and comes back with the exit of its owner', () => {
    const { rig, worker, socket, number } = createRunning();
    const connection = rig.registry.byNumber(number);
    if (connection === undefined) throw new Error('It is not there');
    const generation = connection.generation;
    rig.ownership.abandon(connection, 504, 'The handler did not return.');
    expect(socket.taken).toMatch(/^HTTP\/1\.1 504 /);
    const answered = socket.taken;
    expect(rig.inbound.allocatedBytes, 'the owner may still read its buffer').toBeGreaterThan(0);
    worker.writer.open(0);
    worker.writer.endTurn({ connection: number, generation, consumed: 0, seen: 0 }, TURN_ANSWERED, 0);
    rig.drain(worker);
    expect(socket.taken).toBe(answered);
    rig.ownership.giveBack(connection, 0, TURN_ABORT);
    expect(rig.inbound.allocatedBytes).toBe(0);
    socket.close();
    expect(rig.connections.count).toBe(0);
  });

  test('is not answered if a part of the response was sent', () => {
    const { rig, worker, socket, number } = createRunning();
    worker.sendPart(number, 'HTTP/1.1 200 OK\r\n');
    rig.drain(worker);
    const connection = rig.registry.byNumber(number);
    if (connection === undefined) throw new Error('It is not there');
    rig.ownership.abandon(connection, 504, 'The handler did not return.');
    expect(socket.taken).toBe('HTTP/1.1 200 OK\r\n');
    expect(socket.writableEnded).toBe(true);
  });
});
