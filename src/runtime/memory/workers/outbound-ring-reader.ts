/**
 * Main's end of a worker's outbound ring: a cursor over the published records. Main copies the bytes of a
 * record out before it releases their space by one store of the head.
 */

import type { SharedMemory } from '../layout.ts';
import { RECORD_BOUNDARY, RECORD_PADDING, TURN_GOES_ON } from '../protocol.ts';
import {
  aligned,
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

/** Main's end: a cursor over the published records. */
export class OutboundRingReader {
  readonly #ring: OutboundRing;
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

  /** Bytes of published records behind the cursor, as last looked at. Negative only for a broken record. */
  protected get unread(): number {
    return (this.#end - this.#cursor) | 0;
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
      const length = words[header + RECORD_LENGTH] as number;
      this.#cursor = (this.#cursor + HEADER_BYTES + aligned(length)) | 0;
      const flags = words[header + RECORD_FLAGS] as number;
      if (flags === RECORD_PADDING) continue;
      this.connection = words[header + RECORD_CONNECTION] as number;
      this.generation = words[header + RECORD_GENERATION] as number;
      this.flags = flags;
      this.consumed = words[header + RECORD_CONSUMED] as number;
      this.argument = words[header + RECORD_ARGUMENT] as number;
      this.seen = words[header + RECORD_SEEN] as number;
      this.payloadAddress = start + HEADER_BYTES;
      this.payloadLength = length;
      return true;
    }
  }

  /**
   * Moves to the committed part of an open record, as a record that does not end the turn. Only for a worker
   * that is dead or stuck in a handler, and after all published records.
   */
  nextSalvaged(): boolean {
    const { words, salvage, address, bytes } = this.#ring;
    const slot = Atomics.load(words, salvage + VALID_SLOT);
    if (slot === 0) return false;
    const at = salvage + slotWord(slot);
    const position = words[at + SLOT_POSITION] as number;
    if (position !== Atomics.load(words, this.#ring.tail) || position !== this.#cursor) return false;
    this.connection = words[at + SLOT_CONNECTION] as number;
    this.generation = words[at + SLOT_GENERATION] as number;
    this.flags = TURN_GOES_ON | RECORD_BOUNDARY;
    this.consumed = words[at + SLOT_CONSUMED] as number;
    this.argument = 0;
    this.seen = 0;
    this.payloadAddress = address + (position & (bytes - 1)) + HEADER_BYTES;
    this.payloadLength = words[at + SLOT_LENGTH] as number;
    // A worker that only seemed stuck may have gone on. Then the bytes read may belong to two commits.
    return (
      Atomics.load(words, salvage + VALID_SLOT) === slot && Atomics.load(words, this.#ring.tail) === position
    );
  }

  /**
   * Gives the space of all records up to the cursor back to the worker. Their bytes must have been copied
   * before.
   */
  release(): void {
    Atomics.store(this.#ring.words, this.#ring.head, this.#cursor);
  }

  /**
   * Empties the ring for the next thread of the slot, after the worker's 'exit' and when everything is
   * drained.
   */
  reset(): void {
    this.#cursor = Atomics.load(this.#ring.words, this.#ring.tail);
    this.#end = this.#cursor;
    Atomics.store(this.#ring.words, this.#ring.salvage + VALID_SLOT, 0);
    this.release();
  }
}
