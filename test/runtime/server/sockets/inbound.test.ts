/** Where sockets read to: the scratch buffer, or the buffer of a connection that waits for a large body. */

import { describe, expect, test } from 'vitest';
import { TURN_ANSWERED, TURN_NEED } from '../../../../src/runtime/memory/protocol.ts';
import { FakeWorker, Rig } from '../support/rig.ts';

const MB = 1_048_576;
const HEAD = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n';
const LENGTH = HEAD.length + 200_000;
const SENT = 20_000;

/** A client whose head and a part of its body have come, and whose worker waits for the rest. */
function createUpload({ taken = 0 } = {}) {
  const rig = new Rig({ inboundBytes: MB });
  if (taken > 0) rig.inbound.memory.allocate(taken, 'other');
  const worker = new FakeWorker(rig);
  const socket = rig.connect();
  socket.receive(HEAD + 'a'.repeat(SENT - HEAD.length));
  const number = worker.take() ?? -1;
  worker.endTurn(number, TURN_NEED, '', 0, LENGTH - SENT);
  rig.drain(worker);
  return { rig, worker, socket, number };
}

describe('the rest of a large body', () => {
  test('has room at once, does not move, and takes one more turn', () => {
    const { rig, worker, socket, number } = createUpload();
    const address = rig.table.address(number);
    expect(rig.inbound.allocatedBytes).toBe(262_144);
    for (let sent = SENT; sent < LENGTH; sent += 30_000) {
      expect(rig.queue.length).toBe(0);
      socket.receive('b'.repeat(Math.min(30_000, LENGTH - sent)));
    }
    expect(worker.take()).toBe(number);
    expect(rig.table.address(number)).toBe(address);
    expect(worker.text(number)).toBe(HEAD + 'a'.repeat(SENT - HEAD.length) + 'b'.repeat(LENGTH - SENT));
    worker.endTurn(number, TURN_ANSWERED, 'HTTP/1.1 204 No Content\r\n\r\n');
    rig.drain(worker);
    expect(rig.inbound.allocatedBytes).toBe(0);
  });

  test('ends with its last byte, so that a request behind it is read apart', () => {
    const { rig, worker, socket, number } = createUpload();
    socket.receive('b'.repeat(1_000));
    socket.receive(`${'b'.repeat(LENGTH - SENT - 1_000)}GET / HTTP/1.1\r\n\r\n`);
    expect(worker.take()).toBe(number);
    expect(worker.text(number).slice(LENGTH)).toBe('GET / HTTP/1.1\r\n\r\n');
    expect(rig.table.length(number)).toBe(LENGTH + 18);
  });

  test('gets room only as it comes where it would take more than half of the memory', () => {
    const { rig, worker, socket, number } = createUpload({ taken: MB / 4 });
    expect(rig.inbound.allocatedBytes).toBe(MB / 4 + 32_768);
    for (let sent = SENT; sent < LENGTH; sent += 30_000) {
      socket.receive('b'.repeat(Math.min(30_000, LENGTH - sent)));
    }
    expect(worker.take()).toBe(number);
    expect(worker.text(number)).toBe(HEAD + 'a'.repeat(SENT - HEAD.length) + 'b'.repeat(LENGTH - SENT));
  });
});

describe('a buffer that a socket reads into', () => {
  test.each([
    ['408', (rig: Rig) => rig.sweepAfter(10_000), '408'],
    ['400', (_: Rig, end: () => void) => end(), '400'],
  ])('is not given to others after %s, until the socket has let it go', (_, refuse, status) => {
    const { rig, socket, number } = createUpload();
    socket.receive('b'.repeat(1_000));
    const start = rig.table.address(number);
    const end = start + 262_144;
    refuse(rig, () => socket.halfClose());
    expect(socket.taken).toContain(` ${status} `);
    expect(rig.inbound.allocatedBytes).toBe(262_144);
    for (;;) {
      const address = rig.inbound.memory.allocate(2_048, 'other');
      if (address < 0) break;
      expect(address < start || address >= end).toBe(true);
    }
    socket.receive('b'.repeat(1_000));
    expect(rig.inbound.memory.allocate(2_048, 'other')).toBeGreaterThan(0);
  });

  test('is given back when the socket is gone', () => {
    const { rig, socket } = createUpload();
    socket.receive('b'.repeat(1_000));
    rig.sweepAfter(10_000);
    socket.close();
    expect(rig.inbound.allocatedBytes).toBe(0);
    const other = createUpload();
    other.socket.receive('b'.repeat(1_000));
    other.socket.close();
    expect(other.rig.inbound.allocatedBytes).toBe(0);
  });
});
