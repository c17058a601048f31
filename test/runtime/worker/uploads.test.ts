/** Streamed chunks against the core: both accept and refuse the same bodies, however they are split. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PARSE_COMPLETE, PARSE_ERROR } from '../../../assembly/record.ts';
import { decodeChunked } from '../../../src/runtime/core/chunked.ts';
import { JsCore } from '../../../src/runtime/core/js/js-core.ts';
import { ParseRecord } from '../../../src/runtime/core/parse-record.ts';
import { HttpProblem } from '../../../src/runtime/http/problem.ts';
import { LengthDecoder } from '../../../src/runtime/worker/uploads/body-decoder.ts';
import { ChunkedDecoder } from '../../../src/runtime/worker/uploads/chunked-decoder.ts';
import { effort } from '../../support/effort.ts';

const HEAD = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
const ADDRESS = 65_536;
const MAX_BODY_BYTES = 300;
const MAX_HEADER_BYTES = 200;

const memory = new WebAssembly.Memory({ initial: 4, maximum: 4, shared: true });
const bytes = Buffer.from(memory.buffer);
const core = new JsCore({
  memory,
  regionAddress: 2 * 65_536,
  regionBytes: 65_536,
  limits: { maxHeaderBytes: MAX_HEADER_BYTES, maxTargetBytes: 100, maxBodyBytes: MAX_BODY_BYTES },
});
core.loadRoutes([{ method: 'POST', path: '/' }]);

/** Content and rest, 'more', or the status of a refusal. */
type Outcome = readonly [content: string, rest: number] | 'more' | number;

function byCore(body: Buffer): Outcome {
  const length = bytes.write(HEAD, ADDRESS, 'latin1') + body.copy(bytes, ADDRESS + HEAD.length);
  const record = new ParseRecord(core.record);
  record.clearResume();
  const status = core.parse(ADDRESS, length);
  if (status === PARSE_ERROR) return record.errorStatus;
  if (status !== PARSE_COMPLETE) return 'more';
  const { bodyStart, bodyWireLength, bodyLength } = record;
  const content = decodeChunked(bytes, ADDRESS + bodyStart, bodyWireLength, bodyLength);
  return [Buffer.from(content).toString('latin1'), length - record.consumed];
}

function byDecoder(body: Buffer, cuts: readonly number[]): Outcome {
  const decoder = new ChunkedDecoder({ maxBytes: MAX_BODY_BYTES, maxTrailerBytes: MAX_HEADER_BYTES });
  const content: Uint8Array[] = [];
  const places = [...cuts.map((cut) => cut % (body.length + 1)), body.length].sort((a, b) => a - b);
  let start = 0;
  let used = 0;
  try {
    for (const place of places) {
      used += decoder.decode(body.subarray(start, place), content);
      start = place;
    }
  } catch (error) {
    if (error instanceof HttpProblem) return error.status;
    throw error;
  }
  if (!decoder.isComplete) return 'more';
  return [Buffer.concat(content).toString('latin1'), body.length - used];
}

const line = fc.oneof(
  { weight: 4, arbitrary: fc.nat(40).map((size) => `${size.toString(16)}\r\n${'x'.repeat(size)}\r\n`) },
  fc.nat(9).map((size) => `000${size};a="b\\";c" ; d=e\r\n${'y'.repeat(size)}\r\n`),
  fc.constantFrom(
    '0\r\n\r\n',
    '0\r\nA: b\r\n\r\n',
    '0\r\nA: b\r\n',
    '\r\n',
    'A: b\r\n',
    'fff\r\n',
    'FFFFFFFFFFFFFFFFF\r\n',
  ),
  fc.constantFrom(
    '1 ;a\r\nz\r\n',
    '1;\r\n',
    '1;a=\r\n',
    '1;a="\r\n',
    '-1\r\n',
    'g\r\n',
    '1\n',
    '1\r',
    '\n',
    ' 1\r\n',
  ),
);
const noise = fc.string({
  unit: fc.constantFrom('0', '1', 'a', '\r', '\n', ';', ':', ' ', '"', '\0'),
  maxLength: 5,
});

describe('a chunked body that comes in pieces', () => {
  test('is what the core says that it is', () => {
    const body = fc.tuple(
      fc.array(line, { maxLength: 12 }),
      noise,
      fc.constantFrom('0\r\n\r\n', '', 'GET / '),
    );
    fc.assert(
      fc.property(body, fc.array(fc.nat(500), { maxLength: 6 }), ([lines, strange, end], cuts) => {
        const wire = Buffer.from(lines.join('') + strange + end, 'latin1');
        const decoded = byDecoder(wire, cuts);
        expect(byDecoder(wire, Array.from(wire.keys()))).toEqual(decoded);
        const measured = byCore(wire);
        // The core looks at the end of a chunk when both of its bytes have come.
        const isEarly = measured === 'more' && decoded === 400;
        expect(decoded).toEqual(isEarly ? byCore(Buffer.concat([wire, Buffer.from('x')])) : measured);
      }),
      { numRuns: effort(2_000, 50_000) },
    );
  });

  test('is refused as soon as a line or the trailers are too long', () => {
    const decoder = () => new ChunkedDecoder({ maxBytes: 10, maxTrailerBytes: 20 });
    const status = (text: string, size: number) => {
      const one = decoder();
      const wire = Buffer.from(text);
      try {
        for (let at = 0; at < wire.length; at += size) one.decode(wire.subarray(at, at + size), []);
        return 'more';
      } catch (error) {
        return (error as HttpProblem).status;
      }
    };
    for (const size of [1, 7, 100_000]) {
      expect(status(`1;${'a'.repeat(4_094)}`, size)).toBe(400);
      expect(status(`1;${'a'.repeat(4_000)}`, size)).toBe('more');
      expect(status(`0\r\nA: ${'b'.repeat(30)}`, size)).toBe(431);
      expect(status('0\r\na: b\r\na: b\r\na: b\r\na: b\r\n', size)).toBe(431);
      expect(status('b\r\n', size)).toBe(413);
    }
  });
});

test('a body of announced length ends with it', () => {
  const decoder = new LengthDecoder(5);
  const content: Uint8Array[] = [];
  expect(decoder.decode(Buffer.from('abc'), content)).toBe(3);
  expect(decoder.isComplete).toBe(false);
  expect(decoder.decode(Buffer.from('defg'), content)).toBe(2);
  expect(decoder.isComplete).toBe(true);
  expect(decoder.decode(Buffer.from('h'), content)).toBe(0);
  expect(Buffer.concat(content).toString()).toBe('abcde');
});
