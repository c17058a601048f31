/**
 * The connection table: for each connection its state word (state-word.ts), its inbound buffer and its
 * credit. Main and the worker that owns the connection call it. README.md explains the protocol and its
 * invariants.
 *
 *     FREE ─main─▶ IDLE ─main─▶ READY ─worker─▶ RUNNING ─main─▶ IDLE or READY
 *
 * - Main makes every transition but one: a worker that popped the number takes READY to RUNNING by
 *   compare-and-swap. Main gives the connection back after it has drained the turn's last record.
 * - A client that goes away while the connection is READY or RUNNING only sets CLOSED, by atomic or: a worker
 *   may be moving the state at that moment. A worker that pops a closed connection returns it at once.
 *   Number, buffer and queue entry are used again only then, or after the owner's 'exit'.
 * - Main may answer a READY connection itself. It sets CLOSED by compare-and-swap, so that either a worker
 *   has taken the connection, or no worker runs it.
 * - Words that are handed over together with the connection are read and written plainly. Main writes them
 *   before the store that makes the connection READY, and the worker reads them after the compare-and-swap
 *   that sees READY. In the other direction, the worker writes them before it publishes the record that main
 *   drains.
 * - Only words that change while the connection is RUNNING are accessed atomically: length, credit, CLOSED
 *   and generation. An atomic access costs as much as ten plain ones.
 * - Credit is how many bytes the owner may publish in this turn, in all. At the hand-over it is the free part
 *   of the connection's window. It grows as the socket takes bytes. Only main writes it, and only the owner
 *   counts what it has published. So a turn that fits into its first credit needs no atomic operation for it.
 *
 * | word                | written by                                        |
 * | ------------------- | ------------------------------------------------- |
 * | state               | as above                                          |
 * | address, consumed   | main, never while a worker owns it                |
 * | length              | main, at any time, only growing while handed out  |
 * | resume (4 words)    | the owner, or main while nobody owns it           |
 * | requestEnd, request | the owner sets, main clears while nobody owns it  |
 * | credit              | main, at any time, wrapping around                |
 * | creditWait          | set by the owner, taken by main                   |
 * | handlerSince        | the owner                                         |
 * | queuedAt            | main, never while a worker owns it                |
 * | answeredAt          | the owner sets, main clears what it has drained   |
 * | peer (4 words)      | main, before the first READY                      |
 */

import { RESUME as RECORD_RESUME, RESUME_WORDS } from '../../../../assembly/record.ts';
import { CONNECTION_WORDS, type SharedMemory } from '../layout.ts';
import { STATE_FREE, STATE_IDLE, STATE_READY, STATE_RUNNING } from '../protocol.ts';
import {
  CLOSED_BIT,
  inGeneration,
  inState,
  newWord,
  nextGeneration,
  ownedBy,
  stateOf,
} from './state-word.ts';

const STATE = 0;
const ADDRESS = 1;
const LENGTH = 2;
const CONSUMED = 3;
const RESUME = 4;
const REQUEST_END = RESUME + RESUME_WORDS;
const REQUEST = 9;
const CREDIT = 10;
const CREDIT_WAIT = 11;
const HANDLER_SINCE = 12;
const QUEUED_AT = 13;
const ANSWERED_AT = 14;
// On a cache line of its own, which a simple request does not touch.
const PEER = 16;
const PEER_WORDS = 4;

export class ConnectionTable {
  readonly capacity: number;
  readonly #words: Int32Array;
  readonly #base: number;

  constructor({ words, layout }: Pick<SharedMemory, 'words' | 'layout'>) {
    this.capacity = layout.connections;
    this.#words = words;
    this.#base = layout.connectionWord;
  }

  /** The whole state word. Take it apart with `stateOf`, `isClosed`, `ownerOf`, `generationOf`. */
  stateWord(connection: number): number {
    return Atomics.load(this.#words, this.#at(connection, STATE));
  }

  /** Main: a new client gets the number. @returns its generation */
  open(connection: number, credit: number): number {
    const generation = nextGeneration(this.stateWord(connection));
    this.#words.fill(0, this.#at(connection, ADDRESS), this.#at(connection, CONNECTION_WORDS));
    this.#store(connection, CREDIT, credit);
    this.#store(connection, STATE, newWord(generation, STATE_IDLE));
    return generation;
  }

  /** Main, IDLE or RUNNING (drained) → FREE. The generation stays in the word, for the next `open`. */
  release(connection: number): void {
    this.#setState(connection, STATE_FREE);
  }

  /** Main, IDLE or RUNNING (drained) → READY. It must push the number to the queue after this. */
  makeReady(connection: number): void {
    this.#setState(connection, STATE_READY);
  }

  /**
   * Main, RUNNING (drained) → IDLE, of a client that is not gone. Nobody else reads the word before it is
   * READY again. CLOSED is cleared, because a connection that was withdrawn is main's alone again.
   */
  makeIdle(connection: number): void {
    const at = this.#at(connection, STATE);
    this.#words[at] = inState(this.#words[at] as number, STATE_IDLE) & ~CLOSED_BIT;
  }

  /**
   * Worker, or main with MAIN_SLOT, READY → RUNNING, for a connection that it has popped.
   * @returns the new state word, or 0 when the connection is not READY, which happens only while main
   *   recovers it
   */
  take(connection: number, slot: number): number {
    const at = this.#at(connection, STATE);
    for (;;) {
      const word = Atomics.load(this.#words, at);
      if (stateOf(word) !== STATE_READY) return 0;
      const running = ownedBy(word, slot, STATE_RUNNING);
      if (Atomics.compareExchange(this.#words, at, word, running) === word) return running;
    }
  }

  /**
   * Main answers in place of an owner that hangs. The state stays RUNNING until the owner's 'exit'.
   * @returns the new generation: records of the old one are dropped
   */
  disown(connection: number): number {
    const word = this.stateWord(connection);
    const generation = nextGeneration(word);
    // The owner does not write the word while it is RUNNING, and CLOSED is set by this thread.
    this.#store(connection, STATE, inGeneration(word, generation));
    return generation;
  }

  /** Main: the client is gone. @returns the state word as it was */
  close(connection: number): number {
    return Atomics.or(this.#words, this.#at(connection, STATE), CLOSED_BIT);
  }

  /**
   * Main: no worker may run a READY connection any more, because main answers it. Its entry stays in the
   * queue. Who pops that finds CLOSED, and gives the connection back at once.
   * @returns false if a worker has taken it
   */
  withdraw(connection: number): boolean {
    const at = this.#at(connection, STATE);
    const word = Atomics.load(this.#words, at);
    // Only a worker that takes the connection writes the word now, so one attempt decides.
    return (
      stateOf(word) === STATE_READY &&
      Atomics.compareExchange(this.#words, at, word, word | CLOSED_BIT) === word
    );
  }

  /** Main: the client's IP address as words in network order. */
  setPeer(connection: number, words: readonly [number, number, number, number]): void {
    this.#words.set(words, this.#at(connection, PEER));
  }

  /** The four words that `setPeer` wrote. */
  peer(connection: number): [number, number, number, number] {
    const at = this.#at(connection, PEER);
    const [a = 0, b = 0, c = 0, d = 0] = this.#words.subarray(at, at + PEER_WORDS);
    return [a, b, c, d];
  }

  setBuffer(connection: number, address: number): void {
    this.#words[this.#at(connection, ADDRESS)] = address;
  }

  address(connection: number): number {
    return this.#read(connection, ADDRESS);
  }

  /** Main, after it has written the bytes: a thread that sees the length sees the bytes. */
  setLength(connection: number, length: number): void {
    this.#store(connection, LENGTH, length);
  }

  /** Main, while nobody owns the connection: `setLength` and `setConsumed` together. */
  setContent(connection: number, length: number, consumed: number): void {
    const at = this.#at(connection, 0);
    this.#words[at + LENGTH] = length;
    this.#words[at + CONSUMED] = consumed;
  }

  /** Bytes in the buffer, those already consumed included. */
  length(connection: number): number {
    return this.#load(connection, LENGTH);
  }

  setConsumed(connection: number, consumed: number): void {
    this.#words[this.#at(connection, CONSUMED)] = consumed;
  }

  /** Bytes at the start of the buffer that were answered in earlier turns. */
  consumed(connection: number): number {
    return this.#read(connection, CONSUMED);
  }

  /** The owner, at a NEED: copies the four resume words of the parse record into the table. */
  saveResume(connection: number, record: Int32Array): void {
    const at = this.#at(connection, RESUME);
    for (let word = 0; word < RESUME_WORDS; word++)
      this.#words[at + word] = record[RECORD_RESUME + word] as number;
  }

  /** The owner, at the start of a turn: the opposite. */
  loadResume(connection: number, record: Int32Array): void {
    const at = this.#at(connection, RESUME);
    for (let word = 0; word < RESUME_WORDS; word++)
      record[RECORD_RESUME + word] = this.#words[at + word] as number;
  }

  /** Phase of the parser at the last NEED, a PHASE_ constant. */
  resumePhase(connection: number): number {
    return this.#read(connection, RESUME);
  }

  clearResume(connection: number): void {
    const at = this.#at(connection, RESUME);
    for (let word = 0; word < RESUME_WORDS; word++) this.#words[at + word] = 0;
  }

  /**
   * The owner, before it runs a handler: where the request ends in the buffer, and REQUEST_ bits about it.
   */
  beginRequest(connection: number, end: number, request: number): void {
    const at = this.#at(connection, 0);
    this.#words[at + HANDLER_SINCE] = 0;
    this.#words[at + REQUEST] = request;
    this.#words[at + REQUEST_END] = end;
  }

  /**
   * The owner: the handler of the request in process is asynchronous.
   * @param now milliseconds of performance.now()
   */
  setHandlerSince(connection: number, now: number): void {
    this.#words[this.#at(connection, HANDLER_SINCE)] = now | 0;
  }

  /**
   * Main, after the owner's 'exit': how many milliseconds the asynchronous handler has run, or 0 if there is
   * none.
   */
  handlerTime(connection: number, now: number): number {
    const since = this.#read(connection, HANDLER_SINCE);
    return since === 0 ? 0 : ((now | 0) - since) | 0;
  }

  /**
   * Main, while nobody owns the connection.
   * @param time of the queueing (turn-time.ts), 0: it is not timed
   */
  setQueuedAt(connection: number, time: number): void {
    const at = this.#at(connection, 0);
    this.#words[at + QUEUED_AT] = time;
    this.#words[at + ANSWERED_AT] = 0;
  }

  queuedAt(connection: number): number {
    return this.#read(connection, QUEUED_AT);
  }

  /** The owner of a turn that is timed, once, before it publishes its first response. */
  setAnsweredAt(connection: number, time: number): void {
    this.#words[this.#at(connection, ANSWERED_AT)] = time;
  }

  /**
   * Main, after it has drained a record. The owner does not write the word again in this turn.
   * @returns the time if the first response of the turn was in this record, otherwise 0
   */
  takeAnsweredAt(connection: number): number {
    const at = this.#at(connection, ANSWERED_AT);
    const time = this.#words[at] as number;
    this.#words[at] = 0;
    return time;
  }

  /** Main, while nobody owns the connection. */
  setRequest(connection: number, request: number): void {
    this.#words[this.#at(connection, REQUEST)] = request;
  }

  /** Main, when the connection is given back: no handler runs for it. */
  endRequest(connection: number): void {
    this.#words[this.#at(connection, REQUEST_END)] = 0;
  }

  /**
   * The end of the last request that the owner has begun in this turn, or 0 before the first. The request is
   * in process unless it is answered.
   */
  requestEnd(connection: number): number {
    return this.#load(connection, REQUEST_END);
  }

  request(connection: number): number {
    return this.#load(connection, REQUEST);
  }

  /** Bytes that the owner may publish in this turn, in all. Main may only raise it while the owner runs. */
  credit(connection: number): number {
    return this.#load(connection, CREDIT);
  }

  /** Main, while nobody owns the connection. */
  setCredit(connection: number, bytes: number): void {
    this.#words[this.#at(connection, CREDIT)] = bytes;
  }

  /** Main, at any time: the socket has taken that many bytes. */
  extendCredit(connection: number, bytes: number): void {
    const at = this.#at(connection, CREDIT);
    // Only this thread writes it, so a plain read sees the last value.
    Atomics.store(this.#words, at, ((this.#words[at] as number) + bytes) | 0);
  }

  /** The owner waits for credit: set, look again at the credit, return to the event loop. */
  setCreditWait(connection: number): void {
    this.#store(connection, CREDIT_WAIT, 1);
  }

  /** Main, after it extended the credit. @returns whether the owner must be rung */
  takeCreditWait(connection: number): boolean {
    const at = this.#at(connection, CREDIT_WAIT);
    return Atomics.load(this.#words, at) === 1 && Atomics.exchange(this.#words, at, 0) === 1;
  }

  /** Keeps CLOSED and generation, which may be read or set (CLOSED) by others at this moment. */
  #setState(connection: number, state: number): void {
    const at = this.#at(connection, STATE);
    // Main alone sets CLOSED, and workers change the word only when it is READY, and then main does not call
    // this. So nobody else writes the word now, and a plain store loses nothing.
    const word = Atomics.load(this.#words, at);
    Atomics.store(this.#words, at, inState(word, state));
  }

  #at(connection: number, word: number): number {
    return this.#base + connection * CONNECTION_WORDS + word;
  }

  /** Plain access: for words that were handed over with the connection, or that only this thread writes. */
  #read(connection: number, word: number): number {
    return this.#words[this.#at(connection, word)] as number;
  }

  /** Atomic access: for words that may change while the connection is RUNNING. */
  #load(connection: number, word: number): number {
    return Atomics.load(this.#words, this.#at(connection, word));
  }

  #store(connection: number, word: number, value: number): void {
    Atomics.store(this.#words, this.#at(connection, word), value);
  }
}
