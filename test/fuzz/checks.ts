/**
 * The properties of every input: both cores give one answer, the answer depends neither on splits nor on the
 * bytes around the input, and nothing outside is written. Each check throws a Finding.
 */

import * as r from '../../assembly/record.ts';
import type { Core } from '../../src/runtime/core/core.ts';
import { Answer, describeDifference, describeRecord, sameRecords } from './answer.ts';
import type { Arena } from './arena.ts';
import type { Random } from './random.ts';

export type FindingKind =
  | 'cores differ'
  | 'match differs'
  | 'split matters'
  | 'surroundings matter'
  | 'later bytes matter'
  | 'guard'
  | 'llhttp';

export class Finding extends Error {
  readonly code = 'FUZZ_FINDING';
  readonly kind: FindingKind;

  constructor(kind: FindingKind, detail: string) {
    super(`${kind}: ${detail}`);
    this.kind = kind;
  }
}

/** More than any SIMD read goes beyond its bytes. */
const TAIL_BYTES = 256;

/** Bytes to put after a request. Each would complete, continue or break some unfinished request. */
export const TAILS: readonly Uint8Array[] = [
  '\0',
  '\r\n',
  '\n',
  'a',
  '0\r\n\r\n',
  ' HTTP/1.1\r\nHost: a\r\n\r\n',
  ': b\r\n\r\n',
  '\xff',
  '\t ',
  '%41',
].map((text) => Buffer.alloc(TAIL_BYTES, text, 'latin1'));

/** Requests of other connections, to be parsed between two calls for one connection. */
const OTHER_REQUESTS: readonly Uint8Array[] = [
  'DELETE /params/one/%7Ea?q HTTP/1.0\r\nHost: b\r\nHost: b\r\n\r\n',
  'POST /files/x HTTP/1.1\r\nhost: c\r\nconnection: close, x\r\ntransfer-encoding: chunked\r\n\r\n5;a="b"\r\nab',
  'GET http://d/params/a/fixed HTTP/1.1\r\nHost: d\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n',
].map((text) => Buffer.from(text, 'latin1'));

/** Both cores answer the same for the whole input. @returns the bytes consumed, 0 if it was not complete */
export function checkCoresAgree(arena: Arena, input: Uint8Array): number {
  for (const core of arena.cores) {
    arena.feed(core, input);
    checkMatchAgain(core);
  }
  const { wasm, js } = arena;
  if (!sameRecords(wasm.record, js.record) || !sameRecords(js.record, wasm.record)) {
    throw new Finding('cores differ', `(wasm and js) ${describeDifference(wasm.record, js.record)}`);
  }
  return wasm.record[r.STATUS] === r.PARSE_COMPLETE ? (wasm.record[r.CONSUMED] ?? 0) : 0;
}

/** Matching the route of a complete request once more changes nothing. */
function checkMatchAgain(core: Core): void {
  if (core.record[r.STATUS] !== r.PARSE_COMPLETE) return;
  const before = core.record.slice();
  core.match();
  if (sameRecords(before, core.record)) return;
  throw new Finding('match differs', `${core.kind}: ${describeDifference(before, core.record)}`);
}

/** Both cores describe the head alike that `parse` has accepted, and refuse alike what it refuses. */
export function checkStreamedHeads(arena: Arena, input: Uint8Array): void {
  for (const core of arena.cores) arena.feedStreamedHead(core, input);
  const { wasm, js } = arena;
  if (!sameRecords(wasm.record, js.record) || !sameRecords(js.record, wasm.record)) {
    throw new Finding('cores differ', `(wasm and js, a head) ${describeDifference(wasm.record, js.record)}`);
  }
}

/** However the bytes are split, the first answer that is not NEED is that of the whole. */
export function checkSplit(
  arena: Arena,
  core: Core,
  input: Uint8Array,
  cuts: readonly number[],
  tail: Uint8Array,
  other?: Uint8Array,
): void {
  arena.feed(core, input);
  const whole = new Answer(core.record);
  const given = arena.feed(core, input, { cuts, tail, ...(other === undefined ? {} : { other }) });
  if (whole.isIn(core.record)) return;
  throw new Finding(
    'split matters',
    `${core.kind}, cut at ${cuts.join(',')}: whole {${whole}}, after ${given} bytes {${describeRecord(core.record)}}`,
  );
}

/** Neither the address nor the bytes after the input change the answer. */
export function checkSurroundings(
  arena: Arena,
  core: Core,
  input: Uint8Array,
  tail: Uint8Array,
  misalignment: number,
): void {
  arena.feed(core, input);
  const plain = new Answer(core.record);
  arena.feed(core, input, { tail, misalignment });
  if (plain.isIn(core.record)) return;
  throw new Finding(
    'surroundings matter',
    `${core.kind}, before ${JSON.stringify(Buffer.from(tail).toString('latin1', 0, 24))}, ${misalignment} bytes off: {${plain}} became {${describeRecord(core.record)}}`,
  );
}

/** Once a request is answered, bytes that follow it change nothing. */
export function checkLaterBytes(arena: Arena, core: Core, input: Uint8Array, later: Uint8Array): void {
  arena.feed(core, input);
  const before = new Answer(core.record);
  if (before.isNeed) return;
  arena.feed(core, Buffer.concat([input, later]));
  if (before.isIn(core.record)) return;
  throw new Finding(
    'later bytes matter',
    `${core.kind}: {${before}} became {${describeRecord(core.record)}}`,
  );
}

export function checkGuards(arena: Arena): void {
  const broken = arena.brokenGuard();
  if (broken !== undefined) throw new Finding('guard', broken);
}

/** All of the above, with chances taken from `random`, on every pipelined request of the input. */
export function checkInput(arena: Arena, input: Uint8Array, random: Random): void {
  let rest = input;
  for (let request = 0; request < 8 && rest.length > 0; request++) {
    const consumed = checkCoresAgree(arena, rest);
    checkStreamedHeads(arena, rest);
    const tail = random.pick(TAILS);
    for (const core of arena.cores) {
      const other = random.oneIn(3) ? random.pick(OTHER_REQUESTS) : undefined;
      checkSplit(arena, core, rest, randomCuts(rest.length, random), tail, other);
      checkSurroundings(arena, core, rest, tail, random.below(64));
      checkLaterBytes(arena, core, rest, tail);
    }
    if (consumed === 0) break;
    rest = rest.subarray(consumed);
  }
  checkGuards(arena);
}

/** One cut, some, or one at every byte. */
export function randomCuts(length: number, random: Random): number[] {
  if (length < 2) return [];
  if (length <= 512 && random.oneIn(4)) return Array.from({ length: length - 1 }, (_, i) => i + 1);
  const cuts = new Set<number>();
  for (let count = 1 + random.below(4); count > 0; count--) cuts.add(1 + random.below(length - 1));
  return [...cuts].sort((a, b) => a - b);
}
