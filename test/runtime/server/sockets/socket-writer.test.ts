/** Bytes from a ring to a socket that the test plays: copies, credit, corking and the write deadline. */

import { describe, expect, test } from 'vitest';
import { SocketWriter } from '../../../../src/runtime/server/sockets/socket-writer.ts';
import { FakeSocket } from '../support/fake-socket.ts';
import { DEADLINES, Rig } from '../support/rig.ts';

/** A connection that has no credit left, its writer, and a place in the ring with text. */
function createWriter() {
  const rig = new Rig();
  const socket = new FakeSocket();
  rig.table.open(0, 0);
  const writer = new SocketWriter(rig.outbound, 0, socket);
  const address = rig.shared.layout.ringAddress;
  const place = (text: string) => rig.shared.bytes.write(text, address, 'latin1');
  return { rig, socket, writer, address, place };
}

describe('a payload', () => {
  test.each([100, 4_096, 4_097, 9_000])(
    'of %i bytes is copied before its place in the ring is used again',
    (length) => {
      const { socket, writer, address, place } = createWriter();
      const text = 'é'.repeat(length);
      socket.isSlow = true;
      place(text);
      writer.send(address, length, false);
      place('x'.repeat(length));
      socket.take();
      expect(socket.taken).toBe(text);
    },
  );

  test('of which the kernel takes a part at once is sent whole, and the rest is a copy', () => {
    const { rig, socket, writer, address, place } = createWriter();
    const text = Array.from({ length: 2_000 }, (_, number) => `${number} `).join('');
    socket.room = 5_000;
    place(text);
    writer.send(address, text.length, true);
    expect(socket.taken).toBe(text.slice(0, 5_000));
    expect(rig.table.credit(0), 'for what was taken').toBe(5_000);
    expect(rig.ledger.heldBytes).toBe(text.length - 5_000);
    place('x'.repeat(text.length));
    writer.send(address, text.length, true);
    socket.take();
    rig.outbound.flush();
    expect(socket.taken).toBe(text + 'x'.repeat(text.length));
    expect(rig.table.credit(0)).toBe(2 * text.length);
    expect(rig.ledger.heldBytes).toBe(0);
  });

  test('that is large goes out at once, behind what was held back', () => {
    const { rig, socket, writer, address, place } = createWriter();
    place('small');
    writer.send(address, 5, true);
    place('l'.repeat(5_000));
    writer.send(address, 5_000, true);
    expect(socket.taken).toBe(`small${'l'.repeat(5_000)}`);
    expect(rig.table.credit(0)).toBe(5_005);
    place('next');
    writer.send(address, 4, true);
    rig.outbound.flush();
    expect(socket.taken.endsWith('lnext')).toBe(true);
    expect(rig.table.credit(0)).toBe(5_009);
  });

  test('of a turn that goes on is held back until the flush, with those that follow', () => {
    const { rig, socket, writer, address, place } = createWriter();
    place('one');
    writer.send(address, 3, true);
    place('two');
    writer.send(address, 3, true);
    expect(socket.taken).toBe('');
    rig.outbound.flush();
    expect(socket.taken).toBe('onetwo');
    place('end');
    writer.send(address, 3, false);
    expect(socket.taken, 'the last one of a turn goes out at once').toBe('onetwoend');
  });
});

describe('the credit of a connection', () => {
  test('comes back only when the socket has passed the bytes on', () => {
    const { rig, socket, writer, address } = createWriter();
    socket.isSlow = true;
    writer.send(address, 300, true);
    rig.outbound.flush();
    expect(rig.table.credit(0)).toBe(0);
    expect(writer.owed).toBe(300);
    socket.take();
    expect(rig.table.credit(0)).toBe(300);
    expect(writer.owed).toBe(0);
  });

  test('comes back for all bytes that the kernel took together, even for later writes', () => {
    const { rig, socket, writer, address } = createWriter();
    writer.send(address, 300, true);
    writer.send(address, 200, true);
    expect(rig.table.credit(0)).toBe(0);
    rig.outbound.flush();
    expect(rig.table.credit(0)).toBe(500);
    expect(socket.writableLength).toBe(0);
  });

  test('rings the worker that waits for it, once', () => {
    const { rig, socket, writer, address } = createWriter();
    socket.isSlow = true;
    rig.table.makeReady(0);
    rig.table.take(0, 1);
    rig.table.setCreditWait(0);
    writer.send(address, 300, true);
    rig.outbound.flush();
    expect(rig.credited).toEqual([]);
    socket.take();
    writer.send(address, 300, true);
    rig.outbound.flush();
    socket.take();
    expect(rig.credited).toEqual([0]);
  });

  test('does not change with bytes of the main thread', () => {
    const { rig, socket, writer } = createWriter();
    socket.isSlow = true;
    writer.sendOwn(Buffer.from('HTTP/1.1 504 Gateway Timeout\r\n\r\n'));
    socket.take();
    expect(rig.table.credit(0)).toBe(0);
  });

  test('is not given for a socket that is gone', () => {
    const { rig, socket, writer, address } = createWriter();
    socket.isSlow = true;
    writer.send(address, 300, true);
    rig.outbound.flush();
    socket.destroy();
    socket.take();
    expect(rig.table.credit(0)).toBe(0);
  });
});

test('pieces for a client that takes nothing are kept together, and counted until it takes them', () => {
  const { rig, socket, writer, address, place } = createWriter();
  socket.isSlow = true;
  let expected = '';
  for (let piece = 0; piece < 1_000; piece++) {
    const text = `piece ${piece}\n`;
    place(text);
    writer.send(address, text.length, false);
    expected += text;
  }
  writer.sendOwn(Buffer.from('own'));
  expect(rig.ledger.heldBytes).toBe(expected.length + 3);
  expect(socket.writes).toBeLessThanOrEqual(2);
  socket.take();
  expect(socket.taken).toBe(`${expected}own`);
  expect(rig.ledger.heldBytes).toBe(0);
  expect(rig.table.credit(0)).toBe(expected.length);
});

describe('a client', () => {
  test('that takes everything at once has no write deadline', () => {
    const { rig, writer, address } = createWriter();
    writer.send(address, 300, false);
    expect(writer.isSending).toBe(false);
    expect(writer.isStalled(rig.clock.time + 1_000_000)).toBe(false);
  });

  test('that takes nothing for the write timeout is stalled', () => {
    const { rig, socket, writer, address } = createWriter();
    socket.isSlow = true;
    writer.send(address, 300, false);
    expect(writer.isSending).toBe(true);
    expect(writer.isStalled(rig.clock.time + DEADLINES.writeTimeoutMs)).toBe(false);
    expect(writer.isStalled(rig.clock.time + DEADLINES.writeTimeoutMs + 1)).toBe(true);
  });

  test('that takes only a part of its bytes gets the same time again', () => {
    const { rig, socket, writer, address } = createWriter();
    socket.isSlow = true;
    for (let part = 0; part < 3; part++) writer.send(address, 20_000, false);
    socket.take(1);
    const limit = rig.clock.time + DEADLINES.writeTimeoutMs + 1;
    socket.take(1);
    expect(writer.isStalled(limit)).toBe(false);
    expect(writer.isStalled(limit + DEADLINES.writeTimeoutMs)).toBe(false);
    expect(writer.isStalled(limit + DEADLINES.writeTimeoutMs + 1)).toBe(true);
  });

  test('that still reads after our FIN keeps its write deadline, without another write', () => {
    const { rig, socket, writer, address } = createWriter();
    socket.isSlow = true;
    writer.send(address, 300, false);
    writer.send(address, 200, false);
    writer.end(() => writer.finish());
    socket.take(1);
    expect(writer.isSending).toBe(true);
    expect(writer.isStalled(rig.clock.time + DEADLINES.writeTimeoutMs + 1)).toBe(true);
    socket.take();
    expect(writer.isSending).toBe(false);
    expect(socket.taken).toHaveLength(500);
  });
});
