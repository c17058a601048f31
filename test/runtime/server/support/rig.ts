/**
 * The main thread's parts on real shared memory, without threads, sockets and time: tests play the workers,
 * the clients and the clock.
 */

import { QUEUE_EMPTY } from '../../../../src/runtime/memory/connections/ready-queue.ts';
import { generationOf } from '../../../../src/runtime/memory/connections/state-word.ts';
import { allocateMemory, computeLayout, viewMemory } from '../../../../src/runtime/memory/layout.ts';
import {
  openConnectionTable,
  openOutboundRingReader,
  openOutboundRingWriter,
  openReadyQueue,
  openWorkerWords,
} from '../../../../src/runtime/memory/open.ts';
import type { TurnEnding } from '../../../../src/runtime/memory/protocol.ts';
import { StageTimes } from '../../../../src/runtime/memory/workers/stage-times.ts';
import { ClientEvents } from '../../../../src/runtime/server/connections/client-events.ts';
import type { Connection } from '../../../../src/runtime/server/connections/connection.ts';
import { Connections } from '../../../../src/runtime/server/connections/connections.ts';
import { Endings } from '../../../../src/runtime/server/connections/endings.ts';
import { Ownership } from '../../../../src/runtime/server/connections/ownership.ts';
import { RefusalHeaders } from '../../../../src/runtime/server/connections/refusal-headers.ts';
import { Registry } from '../../../../src/runtime/server/connections/registry.ts';
import { MainCounts } from '../../../../src/runtime/server/metrics/main-counts.ts';
import { Overload } from '../../../../src/runtime/server/overload/overload.ts';
import { ConstantAnswers } from '../../../../src/runtime/server/own-answers/constant-answers.ts';
import { OwnAnswers } from '../../../../src/runtime/server/own-answers/own-answers.ts';
import { SILENT_LOGGER } from '../../../../src/runtime/server/runtime-logger.ts';
import { Deadlines } from '../../../../src/runtime/server/sockets/deadlines.ts';
import { Inbound } from '../../../../src/runtime/server/sockets/inbound.ts';
import { Outbound } from '../../../../src/runtime/server/sockets/outbound.ts';
import { OutboundLedger } from '../../../../src/runtime/server/sockets/outbound-ledger.ts';
import { RefusedSockets } from '../../../../src/runtime/server/sockets/refused-sockets.ts';
import { Sampling } from '../../../../src/runtime/server/timing/sampling.ts';
import { TurnTimes } from '../../../../src/runtime/server/timing/turn-times.ts';
import type { WorkerPhase } from '../../../../src/runtime/server/workers/worker-handle.ts';
import type { ToWorker } from '../../../../src/runtime/worker/messages.ts';
import { FakeSocket } from './fake-socket.ts';

export const WINDOW_BYTES = 1_000;
/** Of all clients together. */
export const LIMIT_BYTES = 64 * 1_048_576;
export const MAX_QUEUE_WAIT_MS = 5_000;

export const DEADLINES = {
  headersTimeoutMs: 1_000,
  requestTimeoutMs: 3_000,
  keepAliveTimeoutMs: 6_000,
  writeTimeoutMs: 2_000,
  lingerMs: 500,
};

export interface RigOptions {
  readonly connections?: number;
  readonly inboundBytes?: number;
}

export class Rig {
  readonly clock = { time: 10_000, now: () => this.clock.time };
  readonly shared;
  readonly table;
  readonly queue;
  readonly inbound;
  readonly ledger;
  readonly outbound;
  readonly registry;
  readonly endings;
  readonly ownership;
  readonly clientEvents;
  readonly connections;
  readonly refusalHeaders = new RefusalHeaders();
  readonly ownAnswers = new OwnAnswers(this.refusalHeaders);
  readonly counts: MainCounts;
  readonly constantAnswers: ConstantAnswers;
  readonly overload: Overload;
  readonly turnTimes: TurnTimes;
  /** Whether a worker sleeps that would take a request. */
  isAnyoneFree = true;
  /** Whether the process has more memory than it may have. */
  isMemoryShort = false;
  /** Connections whose owner was told that the client is gone. */
  readonly aborted: number[] = [];
  /** Connections that wait for a worker without handlers in flight. */
  readonly heavy: Connection[] = [];
  /** Connections whose owner was rung because there is credit. */
  readonly credited: number[] = [];

  constructor({ connections = 3, inboundBytes = 65_536 }: RigOptions = {}) {
    const layout = computeLayout({ workers: 2, connections, inboundBytes, ringBytes: 65_536, coreBytes: 64 });
    this.shared = viewMemory(allocateMemory(layout), layout);
    this.table = openConnectionTable(this.shared);
    this.queue = openReadyQueue(this.shared);
    this.inbound = new Inbound(this.shared, this.table);
    this.ledger = new OutboundLedger({
      limitBytes: LIMIT_BYTES,
      windowBytes: WINDOW_BYTES,
      publish: () => {},
    });
    this.outbound = new Outbound({
      ledger: this.ledger,
      bytes: this.shared.bytes,
      table: this.table,
      writeTimeoutMs: DEADLINES.writeTimeoutMs,
      clock: this.clock,
      writeAtOnce: (socket, source, start, end) => (socket as FakeSocket).takeAtOnce(source, start, end),
      onCredit: (connection) => this.credited.push(connection),
    });
    this.registry = new Registry(connections);
    this.counts = new MainCounts(this.shared);
    this.turnTimes = new TurnTimes({
      table: this.table,
      sampling: new Sampling(0),
      stageTimes: new StageTimes(this.shared, layout.slots),
      clock: this.clock,
    });
    this.constantAnswers = new ConstantAnswers(this.ownAnswers, this.counts);
    this.endings = new Endings(this.table, this.refusalHeaders, this.counts);
    this.ownership = new Ownership({
      ...this,
      onReady: () => {},
      onHeavy: (connection) => this.heavy.push(connection),
    });
    this.clientEvents = new ClientEvents({
      ...this,
      refuses: () => this.overload.refuses(),
      onTurnAway: (connection) => this.overload.turnAway(connection),
      onWithdrawn: (connection) => this.overload.answerItself(connection),
      onLeft: (connection) => this.overload.left(connection),
      onAbort: ({ number }) => this.aborted.push(number),
      onHalfClosed: () => {},
    });
    this.overload = new Overload({
      ...this,
      maxQueueWaitMs: MAX_QUEUE_WAIT_MS,
      isAnyoneFree: () => this.isAnyoneFree,
      isMemoryShort: () => this.isMemoryShort,
      logger: SILENT_LOGGER,
    });
    this.overload.begin();
    this.connections = new Connections({
      ...this,
      refused: new RefusedSockets(DEADLINES.lingerMs, 1, this.refusalHeaders, this.counts),
      deadlines: new Deadlines(DEADLINES, this.clock.now()),
    });
  }

  /** A client connects. */
  connect(): FakeSocket {
    const socket = new FakeSocket();
    this.connections.accept(socket);
    return socket;
  }

  /** Applies the deadlines, as the slow timer does after that many milliseconds. */
  sweepAfter(milliseconds: number): void {
    this.clock.time += milliseconds;
    this.connections.sweep(this.clock.time);
  }

  /** Main drains what the worker has published. */
  drain(worker: FakeWorker): void {
    while (worker.ring.next()) this.ownership.onRecord(worker.ring);
    this.outbound.flush();
    worker.ring.release();
  }
}

/** A worker that a test plays, on its words and its ring. */
export class FakeWorker {
  readonly slot: number;
  readonly words;
  readonly ring;
  readonly writer;
  phase: WorkerPhase = 'serving';
  /** How often it was rung. */
  wakes = 0;
  readonly messages: ToWorker[] = [];
  readonly #rig: Rig;

  constructor(rig: Rig, slot = 0) {
    this.#rig = rig;
    this.slot = slot;
    this.words = openWorkerWords(rig.shared, slot);
    this.words.reset();
    this.ring = openOutboundRingReader(rig.shared, slot);
    this.writer = openOutboundRingWriter(rig.shared, slot);
  }

  wake(): void {
    this.wakes++;
  }

  send(message: ToWorker): void {
    this.messages.push(message);
  }

  ringRoomWaited(): void {
    if (this.words.takeRingWait()) this.wake();
  }

  /** Pops a connection and takes it. @returns its number, or null if the queue is empty */
  take(): number | null {
    const number = this.#rig.queue.pop(this.words.claimWord);
    if (number === QUEUE_EMPTY) return null;
    return this.takeDirectly(number);
  }

  /** Takes a connection that main has chosen this worker for. */
  takeDirectly(number: number): number {
    if (this.#rig.table.take(number, this.slot) === 0) throw new Error('It is not READY');
    this.words.clearClaim();
    return number;
  }

  /** The bytes of a connection that this worker sees. */
  text(number: number): string {
    const { table, shared } = this.#rig;
    const start = table.address(number);
    return shared.bytes.toString('latin1', start + table.consumed(number), start + table.length(number));
  }

  /** Publishes a part of a response. */
  sendPart(number: number, text: string, consumed = 0): void {
    this.#write(text);
    this.writer.publishPart(this.#progress(number, consumed), false);
  }

  /** Ends a turn. @param missing of TURN_NEED */
  endTurn(
    number: number,
    ending: TurnEnding,
    text = '',
    consumed = this.#rig.table.length(number),
    missing = 0,
  ): void {
    this.#write(text);
    this.writer.endTurn(this.#progress(number, consumed), ending, missing);
  }

  /** Begins a request and does not answer it. @param request REQUEST_ bits */
  begin(number: number, request: number): void {
    this.#rig.table.beginRequest(number, this.#rig.table.length(number), request);
  }

  /** Commits the open record, so that its content survives this worker. */
  commit(number: number, text: string, consumed: number): void {
    this.#write(text);
    this.writer.commit(this.#progress(number, consumed));
  }

  #write(text: string): void {
    if (!this.writer.open(text.length)) throw new Error('The ring is full');
    this.#rig.shared.bytes.write(text, this.writer.address, 'latin1');
    this.writer.advance(text.length);
  }

  #progress(connection: number, consumed: number) {
    const { table } = this.#rig;
    const generation = generationOf(table.stateWord(connection));
    return { connection, generation, consumed, seen: table.length(connection) };
  }
}
