/**
 * The connection table with its rules checked: which side may do what in which state of a connection. Main
 * and workers use it while tests run. Each message begins with the name by which README.md explains the rule.
 */

import { invariant } from '../../../platform/invariant.ts';
import { ConnectionTable } from '../connections/connection-table.ts';
import { isClosed, stateOf } from '../connections/state-word.ts';
import { STATE_FREE, STATE_IDLE, STATE_READY, STATE_RUNNING } from '../protocol.ts';

// Sets of states are sums of these bits.
const FREE = 1 << STATE_FREE;
const IDLE = 1 << STATE_IDLE;
const READY = 1 << STATE_READY;
const RUNNING = 1 << STATE_RUNNING;

const NOT_THE_OWNER = 'Only the owner of a connection says how far its request has come.';

export class CheckedConnectionTable extends ConnectionTable {
  // ---- Transitions ----

  override open(connection: number, credit: number): number {
    this.#expect(connection, FREE, 'Reused last: only a free number is given to a client.');
    return super.open(connection, credit);
  }

  override release(connection: number): void {
    this.#expect(connection, IDLE | RUNNING, 'Reused last: a number that is queued or free is not freed.');
    super.release(connection);
  }

  override makeReady(connection: number): void {
    this.#expect(connection, IDLE | READY | RUNNING, 'A number without a client is not queued.');
    super.makeReady(connection);
  }

  override makeIdle(connection: number): void {
    this.#expect(connection, RUNNING, 'Main gives back: a connection rests after a turn.');
    super.makeIdle(connection);
  }

  override disown(connection: number): number {
    this.#expect(connection, RUNNING, 'Generations: only an owner can be disowned.');
    return super.disown(connection);
  }

  override close(connection: number): number {
    this.#expect(connection, READY | RUNNING, 'CLOSED is for a connection that a worker has or will have.');
    return super.close(connection);
  }

  override withdraw(connection: number): boolean {
    this.#expect(connection, READY | RUNNING, 'Main withdraws what it has queued.');
    invariant(!isClosed(this.stateWord(connection)), 'Main withdraws a connection once.');
    return super.withdraw(connection);
  }

  // ---- Words that main writes ----

  override setPeer(connection: number, words: readonly [number, number, number, number]): void {
    this.#expect(connection, IDLE, 'The peer is written before the connection is READY.');
    super.setPeer(connection, words);
  }

  override setBuffer(connection: number, address: number): void {
    this.#expectAtRest(connection);
    super.setBuffer(connection, address);
  }

  override setContent(connection: number, length: number, consumed: number): void {
    this.#expectAtRest(connection);
    invariant(consumed <= length, 'No more bytes are answered than there are.');
    super.setContent(connection, length, consumed);
  }

  override setLength(connection: number, length: number): void {
    this.#expect(connection, READY | RUNNING, 'At rest, length and consumed change together.');
    invariant(length >= this.length(connection), 'Buffers rest: while handed out, a buffer only grows.');
    super.setLength(connection, length);
  }

  override setConsumed(connection: number, consumed: number): void {
    this.#expect(connection, RUNNING, 'Main moves `consumed` on for an owner that is dead.');
    super.setConsumed(connection, consumed);
  }

  override setQueuedAt(connection: number, time: number): void {
    this.#expect(connection, IDLE | READY | RUNNING, 'Main notes the time of what it queues.');
    super.setQueuedAt(connection, time);
  }

  override setRequest(connection: number, request: number): void {
    this.#expect(connection, READY, 'Main speaks about a request before a worker takes it.');
    super.setRequest(connection, request);
  }

  override setCredit(connection: number, bytes: number): void {
    this.#expect(connection, IDLE | RUNNING, 'Credit is counted anew before the connection is READY.');
    super.setCredit(connection, bytes);
  }

  override extendCredit(connection: number, bytes: number): void {
    this.#expect(connection, IDLE | READY | RUNNING, 'A number without a client has no credit.');
    invariant(bytes >= 0, 'Credit only grows while an owner has the connection.');
    super.extendCredit(connection, bytes);
  }

  // ---- Words that the owner writes ----

  override saveResume(connection: number, record: Int32Array): void {
    this.#expect(connection, RUNNING, NOT_THE_OWNER);
    super.saveResume(connection, record);
  }

  override loadResume(connection: number, record: Int32Array): void {
    this.#expect(connection, RUNNING, NOT_THE_OWNER);
    super.loadResume(connection, record);
  }

  override beginRequest(connection: number, end: number, request: number): void {
    this.#expect(connection, RUNNING, NOT_THE_OWNER);
    super.beginRequest(connection, end, request);
  }

  override setHandlerSince(connection: number, now: number): void {
    this.#expect(connection, RUNNING, NOT_THE_OWNER);
    super.setHandlerSince(connection, now);
  }

  override setAnsweredAt(connection: number, time: number): void {
    this.#expect(connection, RUNNING, NOT_THE_OWNER);
    invariant(this.queuedAt(connection) !== 0, 'Only main decides which turns are timed.');
    super.setAnsweredAt(connection, time);
  }

  override takeAnsweredAt(connection: number): number {
    this.#expect(connection, IDLE | READY | RUNNING, 'A number without a client was not answered.');
    return super.takeAnsweredAt(connection);
  }

  override setCreditWait(connection: number): void {
    this.#expect(connection, RUNNING, NOT_THE_OWNER);
    super.setCreditWait(connection);
  }

  /** @param states in which the caller may do what it is about to do */
  #expect(connection: number, states: number, rule: string): void {
    invariant(connection >= 0 && connection < this.capacity, 'There is an entry for each connection.');
    invariant((states & (1 << stateOf(this.stateWord(connection)))) !== 0, rule);
  }

  /**
   * A client that is gone may leave its buffer behind in a drained turn, because its number is freed next.
   */
  #expectAtRest(connection: number): void {
    const states = isClosed(this.stateWord(connection)) ? IDLE | RUNNING : IDLE;
    this.#expect(
      connection,
      states,
      'Buffers rest: a buffer moves only while its connection is not handed out.',
    );
  }
}
