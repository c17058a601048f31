/**
 * Names for requests and spans. A name begins with random bits of its thread, and a count follows. So to make
 * one costs a few nanoseconds, and no two are the same, whichever worker or restart they come from. They can
 * be guessed: they are names, not secrets.
 */
import { randomBytes, randomInt } from 'node:crypto';

const LARGEST_WORD = 0xffff_ffff;

const thread = randomBytes(8).toString('hex');
/** Never zero, because a span id of zeros is invalid. */
const spansOfThread = inHexadecimal(randomInt(1, LARGEST_WORD));
let requests = 0;
let spans = 0;

export function uniqueRequestId(): string {
  requests++;
  return `${thread}-${requests.toString(36)}`;
}

/** 16 hexadecimal digits, unique among the spans of a trace. */
export function uniqueSpanId(): string {
  spans = (spans + 1) >>> 0;
  return spansOfThread + inHexadecimal(spans);
}

function inHexadecimal(word: number): string {
  return word.toString(16).padStart(8, '0');
}
