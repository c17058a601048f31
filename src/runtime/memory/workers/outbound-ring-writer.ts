/**
 * The worker's end of its outbound ring: writes records with response bytes for main. A record is published
 * by one store of the tail and is then complete. Each worker thread has one writer.
 */

import type { SharedMemory } from '../layout.ts';
import { RECORD_BOUNDARY, RECORD_PADDING, TURN_ABORT, TURN_GOES_ON, type TurnEnding } from '../protocol.ts';
import {
  aligned,
  contiguous,
  HEADER_BYTES,
  type OutboundRing,
  RECORD_ARGUMENT,
  RECORD_CONNECTION,
  RECORD_CONSUMED,
  RECORD_FLAGS,
  RECORD_GENERATION,
  RECORD_LENGTH,
  RECORD_SEEN,
  SLOT_CONNECTION,
  SLOT_CONSUMED,
  SLOT_GENERATION,
  SLOT_LENGTH,
  SLOT_POSITION,
  slotWord,
  VALID_SLOT,
  viewRing,
} from './outbound-ring.ts';

/** Largest payload of a record: a quarter of the ring, so that four connections can always make progress. */
const LARGEST_SHARE = 4;

/**
 * How far a turn has come, as its records report it. The turn keeps one such object, so a record costs no
 * allocation.
 */
export interface TurnProgress {
  readonly connection: number;
  readonly generation: number;
  /** Bytes of the inbound buffer whose requests are answered with this record and those before it. */
  readonly consumed: number;
  /** Bytes of the inbound buffer that the worker has looked at. */
  readonly seen: number;
}

/** At most one record is open. Nobody sees it before it is published. */
export class OutboundRingWriter {
  readonly #ring: OutboundRing;
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
    const { words, bytes } = this.#ring;
    const tail = words[this.#ring.tail] as number;
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

  /** Whether `open` would succeed now. Opens nothing. */
  hasRoomFor(payload: number): boolean {
    const { words, bytes } = this.#ring;
    const tail = words[this.#ring.tail] as number;
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

  /** The address of the next payload byte, as a byte address of the shared memory. */
  get address(): number {
    const { address, bytes } = this.#ring;
    return address + (this.#start & (bytes - 1)) + HEADER_BYTES + this.#used;
  }

  /** Tells the writer that `bytes` payload bytes were written at `address`. */
  advance(bytes: number): void {
    this.#used += bytes;
  }

  /**
   * Publishes the open record. The turn goes on.
   * @param isBoundary the bytes end with the end of a response
   */
  publishPart(turn: TurnProgress, isBoundary: boolean): void {
    this.#publish(turn, isBoundary ? TURN_GOES_ON | RECORD_BOUNDARY : TURN_GOES_ON, 0);
  }

  /**
   * Publishes the open record as the last one of the turn. From now on main may give the connection to
   * another worker.
   * @param missing of TURN_NEED: how many bytes are missing, 0 if that is unknown
   */
  endTurn(turn: TurnProgress, ending: TurnEnding, missing: number): void {
    this.#publish(turn, ending === TURN_ABORT ? ending : ending | RECORD_BOUNDARY, missing);
  }

  /** Makes the complete responses in the open record survive this worker. */
  commit(turn: TurnProgress): void {
    const { words, salvage } = this.#ring;
    const slot = words[salvage + VALID_SLOT] === 1 ? 2 : 1;
    const at = salvage + slotWord(slot);
    words[at + SLOT_POSITION] = this.#start;
    words[at + SLOT_LENGTH] = this.#used;
    words[at + SLOT_CONNECTION] = turn.connection;
    words[at + SLOT_GENERATION] = turn.generation;
    words[at + SLOT_CONSUMED] = turn.consumed;
    // Plain: main reads it after the worker's 'exit', or when the worker has been stuck for seconds.
    words[salvage + VALID_SLOT] = slot;
  }

  #publish(turn: TurnProgress, flags: number, argument: number): void {
    const { words, address, bytes } = this.#ring;
    const header = (address + (this.#start & (bytes - 1))) >>> 2;
    words[header + RECORD_LENGTH] = this.#used;
    words[header + RECORD_CONNECTION] = turn.connection;
    words[header + RECORD_GENERATION] = turn.generation;
    words[header + RECORD_FLAGS] = flags;
    words[header + RECORD_CONSUMED] = turn.consumed;
    words[header + RECORD_ARGUMENT] = argument;
    words[header + RECORD_SEEN] = turn.seen;
    this.#isOpen = false;
    // The store comes after all plain writes above: a thread that sees the tail sees the record.
    Atomics.store(words, this.#ring.tail, (this.#start + HEADER_BYTES + aligned(this.#used)) | 0);
  }

  #begin(start: number, contiguous: number): void {
    this.#isOpen = true;
    this.#start = start;
    this.#used = 0;
    this.#room = Math.min(contiguous - HEADER_BYTES, this.largestPayload);
  }

  /** Publishes a padding record, which main skips. */
  #pad(tail: number, bytes: number): void {
    const header = (this.#ring.address + (tail & (this.#ring.bytes - 1))) >>> 2;
    this.#ring.words[header + RECORD_LENGTH] = bytes - HEADER_BYTES;
    this.#ring.words[header + RECORD_FLAGS] = RECORD_PADDING;
    Atomics.store(this.#ring.words, this.#ring.tail, (tail + bytes) | 0);
  }
}
