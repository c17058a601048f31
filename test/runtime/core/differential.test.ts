/**
 * Both cores over every conformance case: one answer, whole and fed byte by byte, under wide and narrow
 * limits.
 */

import { describe, expect, it } from 'vitest';
import * as r from '../../../assembly/record.ts';
import { type ConformanceCase, loadCases } from '../../conformance/case.ts';
import { Arena, CONTRACT_LIMITS } from '../../fuzz/arena.ts';
import { checkCoresAgree, checkGuards, checkSplit, checkStreamedHeads, TAILS } from '../../fuzz/checks.ts';

const NARROW_LIMITS = { maxHeaderBytes: 48, maxTargetBytes: 16, maxBodyBytes: 9 };
const GROUPS = Map.groupBy(loadCases(), ({ group }) => group);

/** Each request of a case in turn, the last one perhaps unfinished or wrong. */
function* requestsOf(arena: Arena, { raw }: ConformanceCase): Generator<Uint8Array> {
  let rest = Buffer.from(raw, 'latin1');
  while (rest.length > 0) {
    yield rest;
    arena.feed(arena.js, rest);
    if (arena.js.record[r.STATUS] !== r.PARSE_COMPLETE) return;
    rest = rest.subarray(arena.js.record[r.CONSUMED]);
  }
}

describe.each([
  ['the limits of the contract', CONTRACT_LIMITS],
  ['narrow limits', NARROW_LIMITS],
])('the cores under %s', (_name, limits) => {
  const arena = new Arena(limits);

  it.each([...GROUPS.keys()])('answer alike, whole and split at every byte: %s', (group) => {
    for (const conformanceCase of GROUPS.get(group) ?? []) {
      for (const request of requestsOf(arena, conformanceCase)) {
        const everyByte = Array.from({ length: request.length - 1 }, (_, i) => i + 1);
        expect.soft(() => checkStreamedHeads(arena, request), conformanceCase.id).not.toThrow();
        expect.soft(() => checkCoresAgree(arena, request), conformanceCase.id).not.toThrow();
        for (const core of arena.cores) {
          for (const tail of TAILS.slice(0, 2)) {
            expect
              .soft(() => checkSplit(arena, core, request, everyByte, tail), conformanceCase.id)
              .not.toThrow();
          }
        }
      }
    }
    checkGuards(arena);
  });
});

describe('the head of a request whose body is streamed', () => {
  const arena = new Arena({ ...CONTRACT_LIMITS, maxBodyBytes: 9 });
  const answer = (fields: string): unknown => {
    const head = Buffer.from(`POST /b HTTP/1.1\r\nHost: a\r\n${fields}\r\n\r\nbody`, 'latin1');
    checkStreamedHeads(arena, head);
    const { record } = arena.wasm;
    if (record[r.STATUS] !== r.PARSE_COMPLETE) return record[r.ERROR_STATUS];
    expect([record[r.CONSUMED], record[r.BODY_START]]).toEqual([head.length - 4, head.length - 4]);
    return [record[r.CONTENT_LENGTH], record[r.FLAGS]];
  };
  const { FLAG_KEEP_ALIVE: keep, FLAG_BODY: body, FLAG_CHUNKED: chunked, FLAG_EXPECT_CONTINUE: expects } = r;

  it('is judged as any other, but for the size of the body', () => {
    expect(answer('Content-Length: 10')).toEqual([10, keep | body]);
    expect(answer('Content-Length: 2147483647')).toEqual([2 ** 31 - 1, keep | body]);
    expect(answer('Content-Length: 2147483648')).toBe(413);
    expect(answer('Content-Length: 99999999999999999999')).toBe(413);
    expect(answer('Content-Length: 1x')).toBe(400);
    expect(answer('Transfer-Encoding: chunked')).toEqual([-1, keep | body | chunked]);
    expect(answer('Content-Length: 10\r\nConnection: close')).toEqual([10, body]);
    expect(answer('Content-Length: 10\r\nExpect: 100-continue')).toEqual([10, keep | body | expects]);
    expect(answer('Content-Length: 10\r\nExpect: x')).toBe(417);
  });
});

describe('the cores and the limits', () => {
  const arena = new Arena(NARROW_LIMITS);
  const answer = (text: string): unknown[] => {
    checkCoresAgree(arena, Buffer.from(text, 'latin1'));
    const { record } = arena.wasm;
    return record[r.STATUS] === r.PARSE_ERROR
      ? [record[r.ERROR_STATUS]]
      : [record[r.STATUS] === r.PARSE_COMPLETE];
  };
  const withTarget = (length: number): string => `GET /${'t'.repeat(length - 1)} HTTP/1.1\r\nHost: a\r\n\r\n`;
  const withHeaders = (length: number): string =>
    `GET / HTTP/1.1\r\nHost: a\r\nx: ${'v'.repeat(length - 16)}\r\n\r\n`;
  const withBody = (length: number): string =>
    `PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n${'b'.repeat(length)}`;
  const withChunks = (length: number): string =>
    `PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${'1\r\nb\r\n'.repeat(length)}0\r\n\r\n`;

  it.each([
    ['a target', withTarget, NARROW_LIMITS.maxTargetBytes, 414],
    ['a header section', withHeaders, NARROW_LIMITS.maxHeaderBytes, 431],
    ['a body', withBody, NARROW_LIMITS.maxBodyBytes, 413],
    ['a chunked body', withChunks, NARROW_LIMITS.maxBodyBytes, 413],
  ])('take %s that is exactly as long as allowed, and refuse one byte more', (_what, make, limit, status) => {
    expect(answer(make(limit))).toEqual([true]);
    expect(answer(make(limit + 1))).toEqual([status]);
  });
});
