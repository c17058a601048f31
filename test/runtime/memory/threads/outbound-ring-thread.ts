/** One thread of the OutboundRing stress: the writer of one ring, or the reader of all of them. */

import { parentPort, workerData } from 'node:worker_threads';
import { openOutboundRingReader, openOutboundRingWriter } from '../../../../src/runtime/memory/open.ts';
import { RECORD_BOUNDARY, TURN_ANSWERED } from '../../../../src/runtime/memory/protocol.ts';
import type { OutboundRingReader } from '../../../../src/runtime/memory/workers/outbound-ring-reader.ts';
import { type SharedParts, viewParts, yieldProcessor } from './shared.ts';

export interface OutboundRingTask extends SharedParts {
  readonly task: 'write' | 'read' | 'write-and-hang';
  readonly slot: number;
  /** Records per ring. */
  readonly rounds: number;
  readonly rings: number;
}

const { task, slot, rounds, rings, ...parts } = workerData as OutboundRingTask;
const shared = viewParts(parts);

if (task === 'read') readAll();
else write();

function write(): void {
  const writer = openOutboundRingWriter(shared, slot);
  for (let number = 0; number < rounds; number++) {
    const size = payloadSize(number, writer.largestPayload);
    while (!writer.open(size)) yieldProcessor();
    if (writer.room < size) throw new Error(`asked for ${size} bytes, got ${writer.room}`);
    shared.bytes.fill(fillByte(number), writer.address, writer.address + size);
    writer.advance(size);
    const turn = { connection: number, generation: slot, consumed: number * 3, seen: number * 5 };
    writer.endTurn(turn, TURN_ANSWERED, size);
  }
  if (task === 'write') return;
  // A record that is written and not published, in the hands of a thread that will be killed.
  while (!writer.open(8)) yieldProcessor();
  shared.bytes.fill(0xff, writer.address, writer.address + 8);
  writer.advance(8);
  parentPort?.postMessage('open');
  for (;;) yieldProcessor();
}

function readAll(): void {
  const readers = Array.from({ length: rings }, (_, ring) => openOutboundRingReader(shared, ring));
  const seen = readers.map(() => 0);
  let left = rings * rounds;
  while (left > 0) {
    let progress = 0;
    for (const [ring, reader] of readers.entries()) {
      // As many records as happen to be there, up to a bound that varies, before their space is released.
      for (let batch = 1 + (left % 7); batch > 0 && reader.next(); batch--) {
        const number = seen[ring] ?? 0;
        seen[ring] = number + 1;
        checkRecord(reader, ring, number);
        progress++;
      }
      reader.release();
    }
    left -= progress;
    if (progress === 0) yieldProcessor();
  }
  if (readers.some((reader) => !reader.isEmpty)) throw new Error('a ring holds more than was written');
}

function checkRecord(reader: OutboundRingReader, ring: number, number: number): void {
  const { connection, generation, consumed, argument, payloadAddress, payloadLength, flags, seen } = reader;
  if (connection !== number) throw new Error(`ring ${ring}: record ${connection} came instead of ${number}`);
  if (
    generation !== ring ||
    consumed !== number * 3 ||
    seen !== number * 5 ||
    flags !== (RECORD_BOUNDARY | TURN_ANSWERED)
  ) {
    throw new Error(`ring ${ring}: the header of record ${number} is damaged`);
  }
  if (payloadLength !== argument) throw new Error(`ring ${ring}: record ${number} has another length`);
  for (let at = payloadAddress; at < payloadAddress + payloadLength; at++) {
    if (shared.bytes[at] !== fillByte(number))
      throw new Error(`ring ${ring}: record ${number} is overwritten`);
  }
}

/** Mostly small records, now and then an empty one and one as large as they get. */
function payloadSize(number: number, largest: number): number {
  if (number % 11 === 0) return largest;
  if (number % 13 === 0) return 0;
  return (Math.imul(number, 0x9e3779b1) >>> 0) % 300;
}

function fillByte(number: number): number {
  return (number + (number >>> 8)) & 0xff;
}
