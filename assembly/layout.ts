/**
 * The region of one core instance and the route tree in it, as byte offsets. Compiled twice like record.ts:
 * by AssemblyScript into the core, by TypeScript into wasm-core.ts, which lays the region out.
 *
 *     record · a copy of a request shorter than one block · frames of the matcher · well-known names ·
 *     normal form of a path · route tree
 */

/** Room for a request of fewer than sixteen bytes, so that a whole block can be read of it. */
export const SHORT_REQUEST_OFFSET = 2432;
export const SHORT_REQUEST_BYTES = 64;
/** Two choices for each of at most 64 segments, and the root, 16 bytes each. */
export const FRAMES_OFFSET = 2496;
/** The well-known names by their number, each with its colon and zeros, and one that no field has. */
export const NAMES_OFFSET = 4608;
export const NAME_BYTES = 32;
/**
 * A hash table of them: one byte for each slot, the number of the only name that can stand there. The factors
 * were found by trial. They give each name a slot of its own, and shift the case bits of both letters out.
 */
export const NAME_SLOTS_OFFSET = 5664;
export const NAME_SLOTS = 128;
export const SLOTS_FOR_FIRST_LETTER = 8;
export const SLOTS_FOR_LAST_LETTER = 4;
export const SLOTS_FOR_LENGTH = 7;
/** The normal form of a path: as long as the longest target, and padding. */
export const SCRATCH_OFFSET = 5824;
export const SCRATCH_PADDING_BYTES = 64;

// A node: these words, then a table of children, then its label, padded to whole words of 64 bits.
/** The table has an entry for each first byte from NODE_LOW on, NODE_SPAN of them. */
export const NODE_LOW = 0;
export const NODE_SPAN = 4;
export const NODE_LEAF = 8;
export const NODE_PARAMETER = 16;
export const NODE_WILDCARD = 20;
export const NODE_BYTES = 24;
// An entry: the address of the child, 0 for none, and the length of its label.
export const CHILD_ADDRESS = 0;
export const CHILD_LABEL_LENGTH = 4;
export const CHILD_BYTES = 8;

// A leaf: the mask of allowed methods, then ten route numbers of 16 bits.
export const LEAF_ALLOWED = 0;
export const LEAF_ROUTES = 4;
export const LEAF_BYTES = 32;
