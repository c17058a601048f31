/** Main's looks at the queue, on real shared memory with clients, workers and a clock that the test plays. */

import { expect, test } from 'vitest';
import type { FakeSocket } from '../support/fake-socket.ts';
import { FakeWorker, MAX_QUEUE_WAIT_MS, Rig } from '../support/rig.ts';

const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const HEALTH = 'GET /health HTTP/1.1\r\nHost: a\r\n\r\n';
const RESPONSE = 'HTTP/1.1 204 No Content\r\n\r\n';

class OverloadRig extends Rig {
  constructor() {
    super();
    this.ownAnswers.declare({ constants: [{ path: '/health', json: '{}' }], metrics: null });
  }

  request(text = REQUEST): FakeSocket {
    const socket = this.connect();
    socket.receive(text);
    return socket;
  }

  /** Main looks, as after that many milliseconds. */
  lookAfter(milliseconds: number): void {
    this.clock.time += milliseconds;
    this.overload.look();
  }
}

const statusesOf = ({ taken }: FakeSocket) =>
  [...taken.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status));

test('what has waited for too long is refused, and what has come later waits on', () => {
  const rig = new OverloadRig();
  const first = rig.request();
  rig.lookAfter(10);
  rig.lookAfter(MAX_QUEUE_WAIT_MS - 1);
  const second = rig.request();
  rig.lookAfter(10);
  expect([statusesOf(first), statusesOf(second)]).toEqual([[503], []]);
  expect(rig.queue.length, 'main has popped what it has refused').toBe(1);
});

test('a request that a worker takes at this moment is not refused', () => {
  const rig = new OverloadRig();
  const worker = new FakeWorker(rig);
  const socket = rig.request();
  rig.lookAfter(10);
  const number = worker.take() ?? -1;
  rig.lookAfter(2 * MAX_QUEUE_WAIT_MS);
  worker.endTurn(number, 1, RESPONSE);
  rig.drain(worker);
  expect(statusesOf(socket)).toEqual([204]);
});

test('a worker that pops what main has refused begins nothing, and the number is given back', () => {
  const rig = new OverloadRig();
  const worker = new FakeWorker(rig);
  const before = rig.request();
  const socket = rig.request();
  rig.lookAfter(10);
  rig.lookAfter(10);
  socket.halfClose();
  expect(statusesOf(socket)).toEqual([503]);
  worker.endTurn(worker.take() ?? -1, 1, RESPONSE);
  const number = worker.take() ?? -1;
  worker.endTurn(number, 4, '', 0);
  rig.drain(worker);
  socket.close();
  before.close();
  expect(statusesOf(before)).toEqual([204]);
  expect(rig.registry.count).toBe(0);
  expect(rig.inbound.allocatedBytes).toBe(0);
});

test('constant answers are given in the middle of the queue, again and again, before the entry was popped', () => {
  const rig = new OverloadRig();
  const worker = new FakeWorker(rig);
  rig.request();
  const socket = rig.request(HEALTH);
  rig.lookAfter(10);
  expect(statusesOf(socket), 'a worker may still take it').toEqual([]);
  rig.lookAfter(10);
  expect(statusesOf(socket)).toEqual([200]);
  socket.receive(HEALTH + REQUEST);
  expect(statusesOf(socket)).toEqual([200, 200]);
  expect(rig.queue.length).toBe(2);
  worker.endTurn(worker.take() ?? -1, 1, RESPONSE);
  rig.drain(worker);
  rig.overload.look();
  // Main has popped the entry, and has queued the connection for what only a worker can answer.
  const number = worker.take() ?? -1;
  expect(worker.text(number)).toBe(REQUEST);
  worker.endTurn(number, 1, RESPONSE);
  rig.drain(worker);
  expect(statusesOf(socket)).toEqual([200, 200, 204]);
});

test('while the process has too much memory, main refuses new requests, and gives constant answers', () => {
  const rig = new OverloadRig();
  rig.isMemoryShort = true;
  const refused = rig.request();
  expect(statusesOf(refused)).toEqual([503]);
  expect(statusesOf(rig.request(HEALTH))).toEqual([200]);
  rig.isMemoryShort = false;
  rig.request();
  expect(rig.queue.length).toBe(1);
});

test('while main refuses, it queues nothing: it refuses, answers, or waits for the rest of a head', () => {
  const rig = new OverloadRig();
  rig.isAnyoneFree = false;
  rig.lookAfter(2 * MAX_QUEUE_WAIT_MS);
  const refused = rig.request();
  expect(statusesOf(refused)).toEqual([503]);
  const answered = rig.request(HEALTH);
  expect(statusesOf(answered)).toEqual([200]);
  refused.close();
  const slow = rig.request(HEALTH.slice(0, 30));
  expect(rig.queue.length).toBe(0);
  slow.receive(HEALTH.slice(30));
  expect(statusesOf(slow)).toEqual([200]);
  rig.isAnyoneFree = true;
  slow.receive(REQUEST);
  expect(rig.queue.length).toBe(1);
});
