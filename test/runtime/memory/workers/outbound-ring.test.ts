import { describe, expect, test } from 'vitest';
import { InvariantError } from '../../../../src/platform/invariant.ts';
import { ringLine, type SharedMemory } from '../../../../src/runtime/memory/layout.ts';
import { openOutboundRingReader, openOutboundRingWriter } from '../../../../src/runtime/memory/open.ts';
import {
  RECORD_BOUNDARY,
  TURN_ABORT,
  TURN_ANSWERED,
  TURN_GOES_ON,
  TURN_NEED,
} from '../../../../src/runtime/memory/protocol.ts';
import type { OutboundRingReader } from '../../../../src/runtime/memory/workers/outbound-ring-reader.ts';
import type { OutboundRingWriter } from '../../../../src/runtime/memory/workers/outbound-ring-writer.ts';
import { effort } from '../../../support/effort.ts';
import { COUNTER_STARTS, createShared, partsOf } from '../threads/shared.ts';
import { runThreads, TestThread } from '../threads/thread.ts';

const RING_BYTES = 4_096;

function createRings(start = 0): SharedMemory {
  const shared = createShared({ connections: 1, ringBytes: RING_BYTES });
  for (let slot = 0; slot < shared.layout.slots; slot++) {
    shared.words[ringLine(shared.layout, slot, 0)] = start;
    shared.words[ringLine(shared.layout, slot, 1)] = start;
  }
  return shared;
}

/** Writes a record if there is room. */
function put(shared: SharedMemory, writer: OutboundRingWriter, text: string, connection = 0): boolean {
  if (!writer.open(text.length)) return false;
  writer.advance(shared.bytes.write(text, writer.address, 'latin1'));
  writer.endTurn({ connection, generation: 7, consumed: 0, seen: 0 }, TURN_ANSWERED, 0);
  return true;
}

function payload(shared: SharedMemory, reader: OutboundRingReader): string {
  return shared.bytes.toString('latin1', reader.payloadAddress, reader.payloadAddress + reader.payloadLength);
}

describe('OutboundRing', () => {
  test('a record arrives with all its fields', () => {
    const shared = createRings();
    const writer = openOutboundRingWriter(shared, 2);
    const reader = openOutboundRingReader(shared, 2);
    expect(reader.next()).toBe(false);
    expect(writer.open(5)).toBe(true);
    writer.advance(shared.bytes.write('hello', writer.address, 'latin1'));
    expect(reader.isEmpty, 'nobody sees a record before it is published').toBe(true);
    writer.endTurn({ connection: 41, generation: 3, consumed: 120, seen: 200 }, TURN_NEED, 9);
    expect(reader.next()).toBe(true);
    expect({ ...pick(reader), text: payload(shared, reader) }).toEqual({
      connection: 41,
      generation: 3,
      flags: TURN_NEED | RECORD_BOUNDARY,
      consumed: 120,
      argument: 9,
      seen: 200,
      text: 'hello',
    });
    expect(reader.next()).toBe(false);
    expect(openOutboundRingReader(shared, 1).isEmpty, 'the ring beside it').toBe(true);
  });

  test('each record says whether its bytes end with the end of a response', () => {
    const shared = createRings();
    const writer = openOutboundRingWriter(shared, 0);
    const reader = openOutboundRingReader(shared, 0);
    const turn = { connection: 0, generation: 0, consumed: 0, seen: 0 };
    const publications = [
      () => writer.publishPart(turn, false),
      () => writer.publishPart(turn, true),
      () => writer.endTurn(turn, TURN_ANSWERED, 0),
      () => writer.endTurn(turn, TURN_ABORT, 0),
    ];
    const flags = publications.map((publish) => {
      writer.open(0);
      publish();
      reader.next();
      return reader.flags;
    });
    const whole = RECORD_BOUNDARY;
    expect(flags).toEqual([TURN_GOES_ON, TURN_GOES_ON | whole, TURN_ANSWERED | whole, TURN_ABORT]);
  });

  test('a worker publishes only an open record, and writes only into its room', () => {
    const shared = createRings();
    const writer = openOutboundRingWriter(shared, 0);
    const turn = { connection: 0, generation: 0, consumed: 0, seen: 0 };
    expect(() => writer.publishPart(turn, true)).toThrow(InvariantError);
    expect(() => writer.endTurn(turn, TURN_ANSWERED, 0)).toThrow(InvariantError);
    expect(() => writer.commit(turn)).toThrow(InvariantError);
    expect(() => writer.advance(1)).toThrow(InvariantError);
    expect(() => writer.open(writer.largestPayload + 1), 'more than a record takes').toThrow(InvariantError);
    writer.open(8);
    expect(() => writer.open(8), 'open already').toThrow(InvariantError);
    expect(() => writer.advance(writer.room + 1), 'more than there is room').toThrow(InvariantError);
    writer.publishPart(turn, true);
    expect(() => writer.endTurn(turn, TURN_ANSWERED, 0), 'published already').toThrow(InvariantError);
    expect(openOutboundRingReader(shared, 0).next(), 'the one that was right').toBe(true);
  });

  test('main refuses a record that no worker can have written', () => {
    const shared = createRings();
    const writer = openOutboundRingWriter(shared, 0);
    const header = shared.layout.ringAddress / 4;
    put(shared, writer, 'four');
    const [length = 0, , , flags = 0] = shared.words.subarray(header, header + 4);
    shared.words[header] = 64;
    expect(() => openOutboundRingReader(shared, 0).next(), 'longer than what is published').toThrow(
      InvariantError,
    );
    shared.words[header] = length;
    shared.words[header + 3] = flags | 7;
    expect(() => openOutboundRingReader(shared, 0).next(), 'an unknown ending').toThrow(InvariantError);
    shared.words[header + 3] = flags;
    expect(openOutboundRingReader(shared, 0).next()).toBe(true);
  });

  test.each(COUNTER_STARTS)(
    'can be filled to the last byte, then refuses until there is room, from position %d',
    (start) => {
      const shared = createRings(start);
      const writer = openOutboundRingWriter(shared, 0);
      const reader = openOutboundRingReader(shared, 0);
      // 32 bytes of header and 32 of payload: 64 of them are exactly the ring.
      const record = (number: number) => `record ${number} `.padEnd(32, '.');
      let written = 0;
      let read = 0;
      for (let turn = 0; turn < 50; turn++) {
        while (put(shared, writer, record(written))) written++;
        expect(written - read).toBe(RING_BYTES / 64);
        for (let count = 0; count < 1 + (turn % 5); count++) {
          expect(reader.next()).toBe(true);
          expect(payload(shared, reader)).toBe(record(read++));
        }
        expect(put(shared, writer, ''), 'read, but not yet released').toBe(false);
        reader.release();
      }
    },
  );

  test('the largest record finds room in every position once the ring is drained', () => {
    for (let start = 0; start < RING_BYTES; start += 32) {
      const shared = createRings(start);
      const writer = openOutboundRingWriter(shared, 0);
      const reader = openOutboundRingReader(shared, 0);
      const text = 'x'.repeat(writer.largestPayload);
      expect(put(shared, writer, text), `at ${start}`).toBe(true);
      expect(reader.next()).toBe(true);
      expect(payload(shared, reader)).toBe(text);
    }
  });

  test('a writer writes only in its own ring', () => {
    const shared = createRings();
    const { ringAddress } = shared.layout;
    const before = Buffer.from(shared.bytes);
    const writer = openOutboundRingWriter(shared, 1);
    const reader = openOutboundRingReader(shared, 1);
    for (let number = 0; number < 500; number++) {
      expect(put(shared, writer, 'y'.repeat((number * 37) % writer.largestPayload))).toBe(true);
      while (reader.next());
      reader.release();
    }
    for (const counter of [0, 1] as const) {
      before.writeInt32LE(
        shared.words[ringLine(shared.layout, 1, counter)] ?? 0,
        4 * ringLine(shared.layout, 1, counter),
      );
    }
    const own = ringAddress + RING_BYTES;
    expect(before.subarray(0, own).equals(shared.bytes.subarray(0, own))).toBe(true);
    expect(before.subarray(own + RING_BYTES).equals(shared.bytes.subarray(own + RING_BYTES))).toBe(true);
  });

  test('a writer that was killed leaves all its published records, and nothing else', async () => {
    const shared = createRings(-64);
    const data = { ...partsOf(shared), task: 'write-and-hang', slot: 3, rounds: 3, rings: 1 };
    await using thread = new TestThread('outbound-ring-thread.ts', data);
    expect(await thread.nextMessage()).toBe('open');
    await thread.worker.terminate();

    const reader = openOutboundRingReader(shared, 3);
    const numbers: number[] = [];
    while (reader.next()) numbers.push(reader.connection);
    expect(numbers).toEqual([0, 1, 2]);
    reader.reset();
    const successor = openOutboundRingWriter(shared, 3);
    expect(put(shared, successor, 'from the next thread of the slot', 9)).toBe(true);
    expect(reader.next()).toBe(true);
    expect(reader.connection).toBe(9);
    expect(payload(shared, reader)).toBe('from the next thread of the slot');
  });

  test('the committed part of an open record can be salvaged until the record is published', () => {
    const shared = createRings(-64);
    const writer = openOutboundRingWriter(shared, 0);
    const reader = openOutboundRingReader(shared, 0);
    expect(reader.nextSalvaged(), 'nothing was committed').toBe(false);
    writer.open(64);
    for (const text of ['first ', 'second ']) {
      writer.advance(shared.bytes.write(text, writer.address, 'latin1'));
      writer.commit({ connection: 4, generation: 7, consumed: 10 * text.length, seen: 90 });
    }
    writer.advance(shared.bytes.write('half of the third', writer.address, 'latin1'));

    expect(reader.next()).toBe(false);
    expect(reader.nextSalvaged()).toBe(true);
    expect({ ...pick(reader), text: payload(shared, reader) }).toMatchObject({
      connection: 4,
      generation: 7,
      flags: RECORD_BOUNDARY | TURN_GOES_ON,
      consumed: 70,
      text: 'first second ',
    });

    writer.endTurn({ connection: 4, generation: 7, consumed: 90, seen: 90 }, TURN_ANSWERED, 0);
    expect(reader.nextSalvaged(), 'published, and to be read as a record').toBe(false);
    expect(reader.next()).toBe(true);
    expect(payload(shared, reader)).toBe('first second half of the third');
    expect(reader.nextSalvaged(), 'read').toBe(false);
  });

  test.each(COUNTER_STARTS)(
    '4 writers and their reader lose, damage and reorder nothing, from position %d',
    async (start) => {
      const shared = createRings(start);
      const rings = 4;
      await runThreads('outbound-ring-thread.ts', rings + 1, (slot) => ({
        ...partsOf(shared),
        task: slot === rings ? 'read' : 'write',
        slot,
        rings,
        rounds: effort(15_000, 200_000),
      }));
    },
  );
});

function pick({ connection, generation, flags, consumed, argument, seen }: OutboundRingReader) {
  return { connection, generation, flags, consumed, argument, seen };
}
