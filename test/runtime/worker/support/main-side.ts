/**
 * The main thread as a worker knows it, without sockets: it gives connections, bytes and credit, and reads
 * what the worker publishes. The shared memory and everything in it are real.
 */

import type { ConnectionTable } from '../../../../src/runtime/memory/connections/connection-table.ts';
import { addressToWords } from '../../../../src/runtime/memory/connections/peer-address.ts';
import type { ReadyQueue } from '../../../../src/runtime/memory/connections/ready-queue.ts';
import { stateOf } from '../../../../src/runtime/memory/connections/state-word.ts';
import {
  allocateMemory,
  computeLayout,
  type SharedMemory,
  viewMemory,
} from '../../../../src/runtime/memory/layout.ts';
import {
  openConnectionTable,
  openMainBell,
  openOutboundRingReader,
  openParkedWorkers,
  openReadyQueue,
  openWorkerWords,
} from '../../../../src/runtime/memory/open.ts';
import {
  RECORD_BOUNDARY,
  STATE_IDLE,
  TURN_GOES_ON,
  TURN_MASK,
  TURN_NEED,
} from '../../../../src/runtime/memory/protocol.ts';
import { AtomicFlag } from '../../../../src/runtime/memory/synchronization/atomic-flag.ts';
import type { MainBell, ParkedWorkers } from '../../../../src/runtime/memory/synchronization/parking.ts';
import type { OutboundRingReader } from '../../../../src/runtime/memory/workers/outbound-ring-reader.ts';
import type { WorkerWords } from '../../../../src/runtime/memory/workers/worker-words.ts';

export interface PublishedRecord {
  readonly connection: number;
  /** A TURN_ constant. */
  readonly turn: number;
  /** The bytes so far end with the end of a response. */
  readonly isBoundary: boolean;
  readonly consumed: number;
  readonly missing: number;
  readonly seen: number;
  readonly text: string;
}

export interface MainSideOptions {
  readonly connections?: number;
  readonly ringBytes?: number;
}

/** The worker under test. The others do nothing. */
export const SLOT = 1;

const BUFFER_BYTES = 65_536;
const CORE_BYTES = 65_536;
const DEFAULT_CREDIT = 262_144;

export class MainSide {
  readonly shared: SharedMemory;
  readonly table: ConnectionTable;
  readonly queue: ReadyQueue;
  readonly parked: ParkedWorkers;
  readonly bell: MainBell;
  readonly running: AtomicFlag;
  readonly words: WorkerWords;
  readonly ring: OutboundRingReader;
  #connected = 0;

  constructor({ connections = 8, ringBytes = 65_536 }: MainSideOptions = {}) {
    const layout = computeLayout({
      workers: 2,
      connections,
      inboundBytes: connections * BUFFER_BYTES,
      ringBytes,
      coreBytes: CORE_BYTES,
    });
    this.shared = viewMemory(allocateMemory(layout), layout);
    this.table = openConnectionTable(this.shared);
    this.queue = openReadyQueue(this.shared);
    this.parked = openParkedWorkers(this.shared);
    this.bell = openMainBell(this.shared);
    this.running = new AtomicFlag(this.shared.words, layout.runningWord);
    this.running.set();
    this.words = openWorkerWords(this.shared, SLOT);
    this.words.reset();
    this.ring = openOutboundRingReader(this.shared, SLOT);
  }

  /** A client connects. @returns the number of its connection */
  connect(credit = DEFAULT_CREDIT): number {
    const connection = this.#connected++;
    this.table.open(connection, credit);
    this.table.setPeer(connection, addressToWords('192.0.2.7'));
    this.table.setBuffer(connection, this.shared.layout.inboundAddress + connection * BUFFER_BYTES);
    return connection;
  }

  /** Bytes of a client arrive. The connection is READY after that, but not queued. @param text latin1 */
  receive(connection: number, text: string): void {
    const length = this.table.length(connection);
    this.shared.bytes.write(text, this.table.address(connection) + length, 'latin1');
    if (stateOf(this.table.stateWord(connection)) === STATE_IDLE) {
      this.table.setContent(connection, length + text.length, 0);
      this.table.makeReady(connection);
    } else {
      this.table.setLength(connection, length + text.length);
    }
  }

  /** The same, and the connection is queued. */
  queueRequest(connection: number, text: string): void {
    this.receive(connection, text);
    this.queue.push(connection);
  }

  /** Reads and releases what the worker has published. A connection whose turn has ended is given back. */
  drain(): PublishedRecord[] {
    const records: PublishedRecord[] = [];
    while (this.ring.next()) {
      const record = this.#record();
      records.push(record);
      if (record.turn !== TURN_GOES_ON) this.#giveBack(record);
    }
    this.ring.release();
    return records;
  }

  /** The part of an open record that would survive if the worker died now. */
  salvaged(): string | null {
    return this.ring.nextSalvaged() ? this.#record().text : null;
  }

  #record(): PublishedRecord {
    const { connection, flags, consumed, argument, seen, payloadAddress, payloadLength } = this.ring;
    return {
      connection,
      turn: flags & TURN_MASK,
      isBoundary: (flags & RECORD_BOUNDARY) !== 0,
      consumed,
      missing: argument,
      seen,
      text: this.shared.bytes.toString('latin1', payloadAddress, payloadAddress + payloadLength),
    };
  }

  #giveBack({ connection, turn, consumed }: PublishedRecord): void {
    const { table, shared } = this;
    table.endRequest(connection);
    table.setCredit(connection, DEFAULT_CREDIT);
    table.makeIdle(connection);
    const address = table.address(connection);
    const length = table.length(connection);
    shared.bytes.copyWithin(address, address + consumed, address + length);
    table.setContent(connection, length - consumed, 0);
    if (turn !== TURN_NEED) table.clearResume(connection);
  }
}

/** Bodies of the responses in a text, in order. */
export function bodiesOf(text: string): string[] {
  const bodies: string[] = [];
  for (let rest = text; rest !== ''; ) {
    const start = rest.indexOf('\r\n\r\n') + 4;
    const length = Number(/\r\nContent-Length: (\d+)\r\n/.exec(rest.slice(0, start))?.[1] ?? 0);
    bodies.push(rest.slice(start, start + length));
    rest = rest.slice(start + length);
  }
  return bodies;
}
