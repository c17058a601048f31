/**
 * The state word of a connection: state, owner and generation in one word, so that one atomic access sees all
 * three.
 *
 *     bits 0–1    state: FREE, IDLE, READY or RUNNING
 *     bit 2       CLOSED: the client is gone, or main has answered it. No worker begins a request
 *     bits 3–9    owner: slot of the worker that has it, or MAIN_SLOT, while RUNNING
 *     bits 10–31  generation: grows whenever the number is given to another client
 *
 * connection-table.ts makes the transitions. Any thread takes the words apart with the functions here.
 */

const STATE_MASK = 0b11;
export const CLOSED_BIT = 0b100;
const OWNER_SHIFT = 3;
const OWNER_MASK = 0x7f;
const GENERATION_SHIFT = 10;
const GENERATION_MASK = 0x3f_ffff;

export const stateOf = (word: number): number => word & STATE_MASK;
export const isClosed = (word: number): boolean => (word & CLOSED_BIT) !== 0;
export const ownerOf = (word: number): number => (word >>> OWNER_SHIFT) & OWNER_MASK;
export const generationOf = (word: number): number => word >>> GENERATION_SHIFT;

/** The generation after that of the word. */
export const nextGeneration = (word: number): number => (generationOf(word) + 1) & GENERATION_MASK;

/** The word of a new client. */
export const newWord = (generation: number, state: number): number =>
  (generation << GENERATION_SHIFT) | state;

/** The word in another state, without an owner. CLOSED and generation stay. */
export const inState = (word: number, state: number): number =>
  (word & ~(STATE_MASK | (OWNER_MASK << OWNER_SHIFT))) | state;

/** The word in another state with that owner. CLOSED and generation stay. */
export const ownedBy = (word: number, slot: number, state: number): number =>
  inState(word, state) | (slot << OWNER_SHIFT);

/** The word with another generation. State, owner and CLOSED stay. */
export const inGeneration = (word: number, generation: number): number =>
  (generation << GENERATION_SHIFT) | (word & ((1 << GENERATION_SHIFT) - 1));
