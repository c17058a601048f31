/**
 * The outbound ring of a worker: records with response bytes, written by that worker alone and read by the main
 * thread alone. A record is published by one store of the tail and is then complete; main copies its bytes out
 * before it releases the space by one store of the head.
 *
 * Head and tail are 32-bit byte counters that only grow and wrap around; `counter & mask` is the offset. Records
 * start at multiples of RECORD_ALIGNMENT and lie in one piece: where the end of the ring is too near, a
 * padding record fills it. A record carries all that main must know when its worker dies right after
 * the publishing: which connection, how far its requests are answered, and whether the turn has ended.
 *
 * Responses to pipelined requests are collected in one record. Before the worker runs the next handler, which may
 * be its last, it commits what the open record holds so far: it fills the one of two salvage slots that
 * is not valid and then makes it the valid one by a single store. When the worker dies, main finds the committed bytes
 * there. A slot counts only while the tail is where it was at the commit, that is until the record was published.
 */

import { invariant } from '../../platform/invariant.ts';
import { ringLine, type SharedMemory } from './layout.ts';
import { RECORD_BOUNDARY, RECORD_PADDING, TURN_ABORT, TURN_GOES_ON, type TurnEnding } from './protocol.ts';

const HEADER_BYTES = 32;
const RECORD_ALIGNMENT = 32;
const LENGTH = 0;
const CONNECTION = 1;
const GENERATION = 2;
const FLAGS = 3;
const CONSUMED = 4;
const ARGUMENT = 5;
const SEEN = 6;

// Words of the salvage line: which of the two slots is valid (0: none), then the slots.
const VALID_SLOT = 0;
const SLOT_WORDS = 5;
const SLOT_POSITION = 0;
const SLOT_LENGTH = 1;
const SLOT_CONNECTION = 2;
const SLOT_GENERATION = 3;
const SLOT_CONSUMED = 4;
const slotWord = (slot: number): number => 1 + (slot - 1) * SLOT_WORDS;

/** Largest payload of a record: a quarter of the ring, so that four connections can always make progress. */
const LARGEST_SHARE = 4;

const aligned = (bytes: number): number => (bytes + RECORD_ALIGNMENT - 1) & -RECORD_ALIGNMENT;

/** Bytes that a record takes in one piece, with the padding where the end of the ring is `toEnd` bytes away. */
function contiguous(payload: number, toEnd: number): number {
  const needed = HEADER_BYTES + aligned(payload);
  return needed <= toEnd ? needed : toEnd + needed;
}

/** How far a turn has come, as its records say. The turn keeps one such object, so a record costs no allocation. */
export interface TurnProgress {
  readonly connection: number;
  readonly generation: number;
  /** Bytes of the inbound buffer whose requests are answered with this record and those before it. */
  readonly consumed: number;
  /** Bytes of the inbound buffer that the worker has looked at. */
  readonly seen: number;
}

interface RingView {
  readonly words: Int32Array;
  readonly head: number;
  readonly tail: number;
  readonly salvage: number;
  readonly address: number;
  readonly bytes: number;
}

function viewRing({ words, layout }: Pick<SharedMemory, 'words' | 'layout'>, slot: number): RingView {
  return {
    words,
    head: ringLine(layout, slot, 0),
    tail: ringLine(layout, slot, 1),
    salvage: ringLine(layout, slot, 2),
    address: layout.ringAddress + slot * layout.ringBytes,
    bytes: layout.ringBytes,
  };
}

/** The worker's end. One record is open at most; nobody sees it before `publish`. */
export class OutboundRingWriter {
  readonly #ring: RingView;
  readonly largestPayload: number;
  #isOpen = false;
  #start = 0;
  #used = 0;
  #room = 0;

  constructor(shared: Pick<SharedMemory, 'words' | 'layout'>, slot: number) {
    this.#ring = viewRing(shared, slot);
    this.largestPayload = this.#ring.bytes / LARGEST_SHARE - HEADER_BYTES;
  }

  /**
   * Makes room for a record of up to `payload` bytes.
   * @returns false when the ring is too full now
   */
  open(payload: number): boolean {
    invariant(!this.#isOpen, 'A worker has one open record at most.');
    invariant(payload >= 0 && payload <= this.largestPayload, 'A record holds the largest payload at most.');
    const { words, bytes } = this.#ring;
    const tail = words[this.#ring.tail] ?? 0;
    const free = bytes - ((tail - Atomics.load(words, this.#ring.head)) | 0);
    const toEnd = bytes - (tail & (bytes - 1));
    if (contiguous(payload, toEnd) > free) return false;
    if (HEADER_BYTES + aligned(payload) <= toEnd) {
      this.#begin(tail, Math.min(free, toEnd));
    } else {
      this.#pad(tail, toEnd);
      this.#begin((tail + toEnd) | 0, free - toEnd);
    }
    return true;
  }

  /** Whether `open` would succeed now; opens nothing. */
  hasRoomFor(payload: number): boolean {
    const { words, bytes } = this.#ring;
    const tail = words[this.#ring.tail] ?? 0;
    const free = bytes - ((tail - Atomics.load(words, this.#ring.head)) | 0);
    return contiguous(payload, bytes - (tail & (bytes - 1))) <= free;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Payload bytes written to the open record. */
  get used(): number {
    return this.#used;
  }

  /** Payload bytes that the open record can still take. */
  get room(): number {
    return this.#room - this.#used;
  }

  /** Where the next payload byte goes, as a byte address of the shared memory. */
  get address(): number {
    const { address, bytes } = this.#ring;
    return address + (this.#start & (bytes - 1)) + HEADER_BYTES + this.#used;
  }

  /** Says that `bytes` payload bytes were written at `address`. */
  advance(bytes: number): void {
    invariant(this.#isOpen && bytes >= 0 && bytes <= this.room, 'A worker writes within the open record.');
    this.#used += bytes;
  }

  /** Publishes the open record. The turn goes on. @param isBoundary the bytes end with the end of a response */
  publishPart(turn: TurnProgress, isBoundary: boolean): void {
    this.#publish(turn, isBoundary ? TURN_GOES_ON | RECORD_BOUNDARY : TURN_GOES_ON, 0);
  }

  /**
   * Publishes the open record as the last one of the turn: from now on main may give the connection to another worker.
   * @param missing of TURN_NEED: how many bytes are missing, 0 where that is unknown
   */
  endTurn(turn: TurnProgress, ending: TurnEnding, missing: number): void {
    this.#publish(turn, ending === TURN_ABORT ? ending : ending | RECORD_BOUNDARY, missing);
  }

  /** Makes the complete responses in the open record survive this worker. */
  commit(turn: TurnProgress): void {
    invariant(this.#isOpen, 'Only an open record can be committed.');
    const { words, salvage } = this.#ring;
    const slot = words[salvage + VALID_SLOT] === 1 ? 2 : 1;
    const at = salvage + slotWord(slot);
    words[at + SLOT_POSITION] = this.#start;
    words[at + SLOT_LENGTH] = this.#used;
    words[at + SLOT_CONNECTION] = turn.connection;
    words[at + SLOT_GENERATION] = turn.generation;
    words[at + SLOT_CONSUMED] = turn.consumed;
    // Plain: main reads it after the 'exit' of the worker, or when the worker has been stuck since for seconds.
    words[salvage + VALID_SLOT] = slot;
  }

  #publish(turn: TurnProgress, flags: number, argument: number): void {
    invariant(this.#isOpen, 'Only an open record can be published.');
    const { words, address, bytes } = this.#ring;
    const header = (address + (this.#start & (bytes - 1))) >>> 2;
    words[header + LENGTH] = this.#used;
    words[header + CONNECTION] = turn.connection;
    words[header + GENERATION] = turn.generation;
    words[header + FLAGS] = flags;
    words[header + CONSUMED] = turn.consumed;
    words[header + ARGUMENT] = argument;
    words[header + SEEN] = turn.seen;
    this.#isOpen = false;
    // The store orders all plain writes above before it: who sees the tail sees the record.
    Atomics.store(words, this.#ring.tail, (this.#start + HEADER_BYTES + aligned(this.#used)) | 0);
  }

  #begin(start: number, contiguous: number): void {
    this.#isOpen = true;
    this.#start = start;
    this.#used = 0;
    this.#room = Math.min(contiguous - HEADER_BYTES, this.largestPayload);
  }

  /** Published at once; main skips it. */
  #pad(tail: number, bytes: number): void {
    const header = (this.#ring.address + (tail & (this.#ring.bytes - 1))) >>> 2;
    this.#ring.words[header + LENGTH] = bytes - HEADER_BYTES;
    this.#ring.words[header + FLAGS] = RECORD_PADDING;
    Atomics.store(this.#ring.words, this.#ring.tail, (tail + bytes) | 0);
  }
}

/** Main's end: a cursor over the published records. */
export class OutboundRingReader {
  readonly #ring: RingView;
  #cursor: number;
  #end: number;
  /** Of the record at the cursor: */
  connection = 0;
  generation = 0;
  flags = 0;
  consumed = 0;
  argument = 0;
  /** Bytes of the buffer that the worker had seen: if more are there now, it is worth looking again. */
  seen = 0;
  payloadAddress = 0;
  payloadLength = 0;

  constructor(shared: Pick<SharedMemory, 'words' | 'layout'>, slot: number) {
    this.#ring = viewRing(shared, slot);
    this.#cursor = Atomics.load(this.#ring.words, this.#ring.head);
    this.#end = this.#cursor;
  }

  get isEmpty(): boolean {
    return Atomics.load(this.#ring.words, this.#ring.tail) === this.#cursor;
  }

  /** Moves to the next published record. @returns false when there is none */
  next(): boolean {
    const { words, address, bytes } = this.#ring;
    for (;;) {
      if (this.#cursor === this.#end) {
        this.#end = Atomics.load(words, this.#ring.tail);
        if (this.#cursor === this.#end) return false;
      }
      const start = address + (this.#cursor & (bytes - 1));
      const header = start >>> 2;
      const length = words[header + LENGTH] ?? 0;
      this.#cursor = (this.#cursor + HEADER_BYTES + aligned(length)) | 0;
      const flags = words[header + FLAGS] ?? 0;
      invariant(
        length >= 0 && ((this.#end - this.#cursor) | 0) >= 0,
        'A record lies within what was published.',
      );
      if (flags === RECORD_PADDING) continue;
      invariant((flags & ~RECORD_BOUNDARY) <= TURN_ABORT, 'A record ends its turn in a known way.');
      this.connection = words[header + CONNECTION] ?? 0;
      this.generation = words[header + GENERATION] ?? 0;
      this.flags = flags;
      this.consumed = words[header + CONSUMED] ?? 0;
      this.argument = words[header + ARGUMENT] ?? 0;
      this.seen = words[header + SEEN] ?? 0;
      this.payloadAddress = start + HEADER_BYTES;
      this.payloadLength = length;
      return true;
    }
  }

  /**
   * After the published records, and only when the worker is dead or stuck in a handler: moves to what it had
   * committed of an open record, as a record that does not end the turn.
   */
  nextSalvaged(): boolean {
    const { words, salvage, address, bytes } = this.#ring;
    const slot = Atomics.load(words, salvage + VALID_SLOT);
    if (slot === 0) return false;
    const at = salvage + slotWord(slot);
    const position = words[at + SLOT_POSITION] ?? 0;
    if (position !== Atomics.load(words, this.#ring.tail) || position !== this.#cursor) return false;
    this.connection = words[at + SLOT_CONNECTION] ?? 0;
    this.generation = words[at + SLOT_GENERATION] ?? 0;
    this.flags = TURN_GOES_ON | RECORD_BOUNDARY;
    this.consumed = words[at + SLOT_CONSUMED] ?? 0;
    this.argument = 0;
    this.seen = 0;
    this.payloadAddress = address + (position & (bytes - 1)) + HEADER_BYTES;
    this.payloadLength = words[at + SLOT_LENGTH] ?? 0;
    // A worker that was only believed stuck may have gone on: then what was read may be of two commits.
    return (
      Atomics.load(words, salvage + VALID_SLOT) === slot && Atomics.load(words, this.#ring.tail) === position
    );
  }

  /** Gives the space of all records up to the cursor back to the worker: their bytes must have been copied. */
  release(): void {
    Atomics.store(this.#ring.words, this.#ring.head, this.#cursor);
  }

  /** After the worker's 'exit', when everything is drained: an empty ring for the next thread of the slot. */
  reset(): void {
    this.#cursor = Atomics.load(this.#ring.words, this.#ring.tail);
    this.#end = this.#cursor;
    Atomics.store(this.#ring.words, this.#ring.salvage + VALID_SLOT, 0);
    this.release();
  }
}
