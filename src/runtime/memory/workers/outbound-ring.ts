/**
 * The form of an outbound ring in shared memory: where its records and their words lie. The writer (a worker)
 * and the reader (main) both use this file, so that they cannot disagree.
 *
 * Head and tail are 32-bit byte counters that only grow and wrap around. `counter & mask` is the offset.
 * Records start at multiples of RECORD_ALIGNMENT and lie in one piece. If the end of the ring is too near, a
 * padding record fills it. A record carries everything that main must know if the worker dies right after
 * publishing it: which connection, how far its requests are answered, and whether the turn has ended.
 *
 * Responses to pipelined requests are collected in one record. Before the worker runs the next handler, which
 * may be its last, it commits what the open record holds so far. It fills the invalid one of two salvage
 * slots and then makes it the valid one by a single store. When the worker dies, main finds the committed
 * bytes there. A slot counts only while the tail is where it was at the commit, that is, until the record is
 * published.
 */

import { ringLine, type SharedMemory } from '../layout.ts';

export const HEADER_BYTES = 32;
const RECORD_ALIGNMENT = 32;

// Words of a record's header.
export const RECORD_LENGTH = 0;
export const RECORD_CONNECTION = 1;
export const RECORD_GENERATION = 2;
export const RECORD_FLAGS = 3;
export const RECORD_CONSUMED = 4;
export const RECORD_ARGUMENT = 5;
export const RECORD_SEEN = 6;

// Words of the salvage line: which of the two slots is valid (0: none), then the slots.
export const VALID_SLOT = 0;
const SLOT_WORDS = 5;
export const SLOT_POSITION = 0;
export const SLOT_LENGTH = 1;
export const SLOT_CONNECTION = 2;
export const SLOT_GENERATION = 3;
export const SLOT_CONSUMED = 4;

/** Where a salvage slot (1 or 2) begins on its line. */
export function slotWord(slot: number): number {
  return 1 + (slot - 1) * SLOT_WORDS;
}

/** Bytes that a payload takes in the ring, behind its header. */
export function aligned(payload: number): number {
  return (payload + RECORD_ALIGNMENT - 1) & -RECORD_ALIGNMENT;
}

/**
 * Bytes that a record takes in one piece, with the padding if the end of the ring is `toEnd` bytes away.
 */
export function contiguous(payload: number, toEnd: number): number {
  const needed = HEADER_BYTES + aligned(payload);
  return needed <= toEnd ? needed : toEnd + needed;
}

/** `head`, `tail` and `salvage` are indexes of words, `address` is a byte address. */
export interface OutboundRing {
  readonly words: Int32Array;
  readonly head: number;
  readonly tail: number;
  readonly salvage: number;
  readonly address: number;
  readonly bytes: number;
}

/** The ring of a worker slot. */
export function viewRing(
  { words, layout }: Pick<SharedMemory, 'words' | 'layout'>,
  slot: number,
): OutboundRing {
  return {
    words,
    head: ringLine(layout, slot, 0),
    tail: ringLine(layout, slot, 1),
    salvage: ringLine(layout, slot, 2),
    address: layout.ringAddress + slot * layout.ringBytes,
    bytes: layout.ringBytes,
  };
}
