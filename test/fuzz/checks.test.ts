/** The fuzzer's checks are tested too: the right check must find each planted fault. */

import { describe, expect, it } from 'vitest';
import * as r from '../../assembly/record.ts';
import type { Core } from '../../src/runtime/core/core.ts';
import { Arena, FUZZ_ROUTES } from './arena.ts';
import {
  checkCoresAgree,
  checkGuards,
  checkLaterBytes,
  checkSplit,
  checkSurroundings,
  Finding,
  TAILS,
} from './checks.ts';
import { minimize } from './minimize.ts';

const REQUEST = Buffer.from('GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n');
const UNFINISHED = REQUEST.subarray(0, -1);

/** The JS core of an arena whose answers pass through `fault` on their way out. */
function faultyCore(arena: Arena, fault: (core: Core, address: number, length: number) => void): Core {
  const { js } = arena;
  return {
    kind: 'js',
    record: js.record,
    loadRoutes: () => undefined,
    parse: (address, length) => {
      js.parse(address, length);
      fault(js, address, length);
      return js.record[r.STATUS] ?? -1;
    },
    parseHead: (address, length) => js.parseHead(address, length),
    match: () => js.match(),
    parseStreamedHead: (address, length) => js.parseStreamedHead(address, length),
  };
}

function kindOf(check: () => void): string | undefined {
  try {
    check();
  } catch (error) {
    if (error instanceof Finding) return error.kind;
    throw error;
  }
  return undefined;
}

const [zeros, lineEnds] = TAILS as [Uint8Array, Uint8Array];

describe('the checks of the fuzzer', () => {
  it('detect a header word in which two cores differ', () => {
    const arena = new Arena();
    const { js } = arena;
    const parse = js.parse.bind(js);
    js.parse = (address, length) => {
      const status = parse(address, length);
      js.record[r.HEADERS + 3] = 8;
      return status;
    };
    expect(kindOf(() => checkCoresAgree(arena, REQUEST))).toBe('cores differ');
  });

  it('detect a core that loses its position between two calls', () => {
    const arena = new Arena();
    const core = faultyCore(arena, ({ record }, _address, length) => {
      if (length === 30) record[r.LINE_START] = 0;
    });
    expect(kindOf(() => checkSplit(arena, core, REQUEST, [30], zeros))).toBe('split matters');
  });

  it('detect a core that reads beyond the end of its bytes', () => {
    const arena = new Arena();
    const core = faultyCore(arena, (inner, address, length) => {
      if (arena.bytes[address + length] === 0x0d) inner.parse(address, length + 1);
    });
    expect(kindOf(() => checkSurroundings(arena, core, UNFINISHED, lineEnds, 0))).toBe('surroundings matter');
  });

  it('detect a core that consumes bytes after a request', () => {
    const arena = new Arena();
    const core = faultyCore(arena, ({ record }, _address, length) => {
      record[r.CONSUMED] = length;
    });
    expect(kindOf(() => checkLaterBytes(arena, core, REQUEST, lineEnds))).toBe('later bytes matter');
  });

  it('detect a write outside the region', () => {
    const arena = new Arena();
    const outside = arena.wasm.record.byteOffset - 1;
    arena.bytes[outside] = (arena.bytes[outside] ?? 0) ^ 1;
    expect(kindOf(() => checkGuards(arena))).toBe('guard');
  });

  it('find no fault in the real cores', () => {
    const arena = new Arena();
    expect(checkCoresAgree(arena, REQUEST)).toBe(REQUEST.length);
    expect(arena.wasm.record[r.ROUTE]).toBe(FUZZ_ROUTES.findIndex(({ path }) => path === '/health'));
  });
});

describe('minimizing a failing input', () => {
  it('keeps only the bytes that the failure needs', () => {
    const input = Buffer.from('some long text with XY in the middle of it');
    const small = minimize(input, (candidate) => Buffer.from(candidate).includes('XY'));
    expect(Buffer.from(small).toString()).toBe('XY');
  });
});
