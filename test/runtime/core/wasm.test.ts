/**
 * The parts that only the WebAssembly core has: its constants and its region. And the core that compares it
 * with the other.
 */

import { describe, expect, test } from 'vitest';
import * as r from '../../../assembly/record.ts';
import { CLASSES, HOST, PATH, QUERY, TOKEN, VALUE } from '../../../src/runtime/core/characters.ts';
import { VerifyCore } from '../../../src/runtime/core/verify-core.ts';
import { WasmCore } from '../../../src/runtime/core/wasm/wasm-core.ts';
import { WELL_KNOWN_HEADERS } from '../../../src/runtime/core/well-known-headers.ts';
import { Bench, headersOf, LIMITS, word } from './parser-harness.ts';

const bench = new Bench('wasm');
const every = Array.from({ length: 256 }, (_, code) => code);
const isIn = (bit: number) => (code: number) => ((CLASSES[code] ?? 0) & bit) !== 0;

/** The character at every place in a block of sixteen, so each lane is tried. "%" never encodes anything. */
function acceptedAnywhere(request: (padded: string) => string, code: number): boolean {
  const answers = Array.from({ length: 17 }, (_, before) => {
    const text = 'g'.repeat(before) + String.fromCharCode(code) + 'g'.repeat(17 - before);
    return bench.feed(request(text)).status === r.PARSE_COMPLETE;
  });
  expect(new Set(answers).size, `byte ${code}`).toBe(1);
  return answers[0] === true;
}

describe('the SIMD tables agree with the grammar on all bytes', () => {
  test('the SIMD tables agree with the grammar on all bytes of a field name', () => {
    // A colon ends the name.
    const others = every.filter((code) => code !== 0x3a);
    const accepted = others.filter((code) =>
      acceptedAnywhere((t) => `GET / HTTP/1.1\r\nHost: a\r\n${t}: b\r\n\r\n`, code),
    );
    expect(accepted).toEqual(others.filter(isIn(TOKEN)));
  });

  test('the SIMD tables agree with the grammar on all bytes of a field value', () => {
    const accepted = every.filter((code) =>
      acceptedAnywhere((t) => `GET / HTTP/1.1\r\nHost: a\r\nX: y${t}\r\n\r\n`, code),
    );
    expect(accepted).toEqual(every.filter(isIn(VALUE)));
  });

  test('the SIMD tables agree with the grammar on all bytes of a path', () => {
    const accepted = every.filter((code) =>
      acceptedAnywhere((t) => `GET /${t} HTTP/1.1\r\nHost: a\r\n\r\n`, code),
    );
    // A question mark begins a query.
    expect(accepted).toEqual(every.filter((code) => isIn(PATH)(code) || code === 0x3f));
  });

  test('the SIMD tables agree with the grammar on all bytes of a query', () => {
    const accepted = every.filter((code) =>
      acceptedAnywhere((t) => `GET /?${t} HTTP/1.1\r\nHost: a\r\n\r\n`, code),
    );
    expect(accepted).toEqual(every.filter(isIn(QUERY)));
  });

  test('the SIMD tables agree with the grammar on all bytes of a host', () => {
    const accepted = every.filter((code) =>
      acceptedAnywhere((t) => `GET / HTTP/1.1\r\nHost: x${t}\r\n\r\n`, code),
    );
    expect(accepted).toEqual(every.filter(isIn(HOST)));
  });
});

describe('well-known headers', () => {
  test.each(WELL_KNOWN_HEADERS.map((name, number) => [name, number] as const))('%s', (name, number) => {
    const spelled = [...name].map((letter, i) => (i % 2 === 0 ? letter.toUpperCase() : letter)).join('');
    const value = name === 'connection' ? 'close' : name === 'expect' ? '' : '1';
    for (const kind of ['wasm', 'js'] as const) {
      const host = name === 'host' ? '' : 'Host: a\r\n';
      const coding = name === 'transfer-encoding' ? 'chunked' : value;
      const answer = new Bench(kind).feed(
        `GET / HTTP/1.1\r\nX-A: b\r\n${spelled}: ${coding}\r\n${spelled}x: c\r\n${host}\r\n1\r\na\r\n0\r\n\r\n`,
      );
      expect(answer.status).toBe(r.PARSE_COMPLETE);
      expect(word(answer, r.WELL_KNOWN + number)).toBe(2);
      expect(headersOf(answer)[1]?.[0]).toBe(spelled);
      const known = Array.from(answer.record.subarray(r.WELL_KNOWN, r.HEADERS)).filter(
        (index) => index !== 0,
      );
      expect(known).toHaveLength(name === 'host' ? 1 : 2);
    }
  });
});

describe('the region of a core', () => {
  const memory = new WebAssembly.Memory({ initial: 4, maximum: 4, shared: true });
  const options = { memory, regionAddress: 65536, regionBytes: 65536, limits: LIMITS };

  test.each([
    ['not aligned', { ...options, regionAddress: 65537 }],
    ['where the constants lie', { ...options, regionAddress: 0 }],
    ['outside the memory', { ...options, regionBytes: 4 * 65536 }],
    ['too small for its limits', { ...options, regionBytes: 4096 }],
    ['with a limit that is no number of bytes', { ...options, limits: { ...LIMITS, maxBodyBytes: 1.5 } }],
  ])('the region of a core is refused when it is %s', (_, wrong) => {
    expect(() => new WasmCore(wrong)).toThrow(/region|number of bytes/);
  });

  test('a request outside the memory throws', () => {
    const core = new WasmCore(options);
    expect(() => core.parse(4 * 65536 - 1, 2)).toThrow(RangeError);
    expect(() => core.parse(1024, 2)).toThrow(RangeError);
  });
});

describe('CORE=verify', () => {
  const memory = new WebAssembly.Memory({ initial: 8, maximum: 8, shared: true });
  const options = { memory, regionAddress: 65536, regionBytes: 4 * 65536, limits: LIMITS };
  const address = 6 * 65536;
  const feed = (core: VerifyCore, raw: string) => {
    new Uint8Array(memory.buffer).set(Buffer.from(raw, 'latin1'), address);
    return core.parse(address, raw.length);
  };

  test('answers like the cores when they agree', () => {
    const core = new VerifyCore(options);
    core.loadRoutes([{ method: 'GET', path: '/:a' }]);
    expect(feed(core, 'GET /b HTTP/1.1\r\nHost: a\r\n\r\n')).toBe(r.PARSE_COMPLETE);
    expect(core.record[r.ROUTE]).toBe(0);
    expect(core.disagreements).toBe(0);
  });

  test('reports the bytes on which they differ', () => {
    const errors: Error[] = [];
    const core = new VerifyCore(options, (error) => errors.push(error));
    // Only the WebAssembly core reads its region. Taking its routes away makes the two differ.
    core.loadRoutes([{ method: 'GET', path: '/b' }]);
    new Uint8Array(memory.buffer).fill(0, 65536 + 4608, 65536 + 4 * 65536 - r.RECORD_BYTES);
    feed(core, 'GET /b HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(core.disagreements).toBe(1);
    expect(errors[0]).toMatchObject({ code: 'CORE_DISAGREEMENT' });
    expect(errors[0]?.message).toContain('GET /b HTTP/1.1');
  });
});
