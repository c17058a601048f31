/** Bytes from which a test can tell their source and position. Both sides use them. */

const PERIOD = 65_521;
const blocks = new Map<number, Buffer>();

/** @returns `length` bytes that follow from the seed, with a period that no buffer size is a multiple of */
export function pattern(seed: number, length: number): Buffer {
  const block = blockOf(seed);
  return Buffer.alloc(length, block);
}

/** @returns text with numbered lines, whose characters take one to four bytes in UTF-8 if it is not ASCII */
export function numberedLines(count: number, isAscii: boolean): string {
  const ending = isAscii ? '' : ' \u00e9\u20ac\u{1f600}';
  return Array.from({ length: count }, (_, number) => `${number}${ending}\n`).join('');
}

/** Index of the first byte of `bytes` that differs from the pattern at `offset`, or -1 if there is none. */
export function firstDifference(bytes: Buffer, seed: number, offset: number): number {
  const block = blockOf(seed);
  for (let start = 0; start < bytes.length; ) {
    const at = (offset + start) % PERIOD;
    const end = Math.min(bytes.length, start + PERIOD - at);
    if (bytes.compare(block, at, at + end - start, start, end) !== 0) return start;
    start = end;
  }
  return -1;
}

/** A linear congruential generator (Numerical Recipes, third edition, section 7.1). */
function blockOf(seed: number): Buffer {
  const known = blocks.get(seed);
  if (known !== undefined) return known;
  const block = Buffer.alloc(PERIOD);
  let state = (seed * 2_654_435_761 + 1) >>> 0;
  for (let index = 0; index < PERIOD; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    block[index] = state >>> 24;
  }
  blocks.set(seed, block);
  return block;
}
