import { describe, expect, test } from 'vitest';
import { formatTraceparent, parseTraceparent } from '../../../../src/runtime/http/identity/trace-context.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';
const ZEROS = '0'.repeat(32);

describe('a traceparent is valid', () => {
  test.each([
    ['sampled', `00-${TRACE}-${PARENT}-01`, 1],
    ['not sampled', `00-${TRACE}-${PARENT}-00`, 0],
    ['with a random id', `00-${TRACE}-${PARENT}-03`, 3],
    ['with flags that nobody knows', `00-${TRACE}-${PARENT}-fd`, 1],
    ['of a later version', `01-${TRACE}-${PARENT}-01`, 1],
    ['of a later version that is longer', `cc-${TRACE}-${PARENT}-01-what-the-future-brings`, 1],
    ['of a later version that ends in a dash', `cc-${TRACE}-${PARENT}-01-`, 1],
  ])('%s', (_, field, flags) => {
    expect(parseTraceparent(field)).toEqual({ traceId: TRACE, flags });
  });
});

describe('a traceparent is invalid', () => {
  test.each([
    ['absent', undefined],
    ['empty', ''],
    ['of the version ff', `ff-${TRACE}-${PARENT}-01`],
    ['of a version in upper case', `0A-${TRACE}-${PARENT}-01`],
    ['of a version of one digit', `0-${TRACE}-${PARENT}-01`],
    ['with a trace of zeros', `00-${ZEROS}-${PARENT}-01`],
    ['with a parent of zeros', `00-${TRACE}-${ZEROS.slice(0, 16)}-01`],
    ['in upper case', `00-${TRACE.toUpperCase()}-${PARENT}-01`],
    ['with other characters', `00-${TRACE.replace('4', 'g')}-${PARENT}-01`],
    ['with a short trace', `00-${TRACE.slice(1)}-${PARENT}-01`],
    ['with a long trace', `00-${TRACE}0-${PARENT}-01`],
    ['with a short parent', `00-${TRACE}-${PARENT.slice(1)}-01`],
    ['with flags of one digit', `00-${TRACE}-${PARENT}-1`],
    ['without flags', `00-${TRACE}-${PARENT}`],
    ['longer than its version', `00-${TRACE}-${PARENT}-01-more`],
    ['ended by a dash', `00-${TRACE}-${PARENT}-01-`],
    ['of a later version, followed by no dash', `01-${TRACE}-${PARENT}-01.more`],
    ['there twice', `00-${TRACE}-${PARENT}-01, 00-${TRACE}-${PARENT}-01`],
    ['there twice, of a later version', `01-${TRACE}-${PARENT}-01-x, 01-${TRACE}-${PARENT}-01-x`],
    ['in spaces', ` 00-${TRACE}-${PARENT}-01 `],
    ['very long', `01-${TRACE}-${PARENT}-01-${'x'.repeat(16_000)} `],
  ])('%s', (_, field) => {
    expect(parseTraceparent(field)).toBeUndefined();
  });
});

test('the answer names the trace and the span of this server', () => {
  expect(formatTraceparent({ traceId: TRACE, flags: 3 }, PARENT)).toBe(`00-${TRACE}-${PARENT}-03`);
});
