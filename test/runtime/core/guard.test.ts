/**
 * A core writes only to its region. Every byte of the memory is compared before and after. Requests stand at
 * the very end of the memory, and regions stand side by side.
 */

import { describe, expect, it } from 'vitest';
import * as r from '../../../assembly/record.ts';
import type { Core, CoreKind } from '../../../src/runtime/core/core.ts';
import { createCore } from '../../../src/runtime/core/create-core.ts';
import { loadCases } from '../../conformance/case.ts';
import { CONTRACT_LIMITS, FUZZ_ROUTES } from '../../fuzz/arena.ts';

const PAGE_BYTES = 65_536;
const MEMORY_BYTES = 32 * PAGE_BYTES;
const REGION = 8 * PAGE_BYTES;
const REGION_BYTES = 2 * PAGE_BYTES;
const PLACE = 16 * PAGE_BYTES;
const FILLING = 0xc3;

const CASES = loadCases().map(({ id, raw }) => ({ id, bytes: Buffer.from(raw, 'latin1') }));

class Surroundings {
  readonly memory = new WebAssembly.Memory({ initial: 32, maximum: 32, shared: true });
  readonly bytes = new Uint8Array(this.memory.buffer);
  readonly core: Core;

  constructor(kind: CoreKind, regionAddress = REGION) {
    this.bytes.fill(FILLING);
    this.core = createCore(kind, {
      memory: this.memory,
      regionAddress,
      regionBytes: REGION_BYTES,
      limits: CONTRACT_LIMITS,
    });
    this.core.loadRoutes(FUZZ_ROUTES);
  }

  parse(address: number, input: Uint8Array): number {
    this.bytes.set(input, address);
    this.core.record.fill(0, r.PHASE, r.DECODED + 1);
    return this.core.parse(address, input.length);
  }
}

/** The status, and what the request was found to be, without the words that have no meaning for it. */
function summary({ record }: Core): (number | undefined)[] {
  return [r.STATUS, r.CONSUMED, r.ERROR_STATUS, r.ERROR_REASON, r.MISSING, r.HEADER_COUNT].map(
    (word) => record[word],
  );
}

describe.each(['wasm', 'js'] as const)('the %s core', (kind) => {
  it('writes only in its region, whatever it is given', () => {
    const { bytes, core, memory } = new Surroundings(kind);
    const below = Buffer.from(memory.buffer, 0, REGION);
    const above = Buffer.from(memory.buffer, REGION + REGION_BYTES);
    const belowBefore = Buffer.from(below);
    for (const { id, bytes: input } of CASES) {
      bytes.set(input, PLACE);
      const aboveBefore = Buffer.from(above);
      core.record.fill(0, r.PHASE, r.DECODED + 1);
      core.parse(PLACE, input.length);
      expect(above.equals(aboveBefore), id).toBe(true);
      expect(below.equals(belowBefore), id).toBe(true);
    }
  });

  it('does not change the request', () => {
    const surroundings = new Surroundings(kind);
    for (const { id, bytes: input } of CASES) {
      surroundings.parse(PLACE, input);
      const after = Buffer.from(surroundings.memory.buffer, PLACE, input.length);
      expect(after.equals(input), id).toBe(true);
    }
  });

  it('parses a request at the very end of the memory', () => {
    const surroundings = new Surroundings(kind);
    for (const { id, bytes: input } of CASES) {
      surroundings.parse(PLACE, input);
      const inTheMiddle = summary(surroundings.core);
      surroundings.parse(MEMORY_BYTES - input.length, input);
      expect(summary(surroundings.core), id).toEqual(inTheMiddle);
    }
  });

  it('parses every prefix of a request at the end of the memory', () => {
    const surroundings = new Surroundings(kind);
    const request = Buffer.from(
      'POST /params/a%20b/%C3%A9?q=1 HTTP/1.1\r\nHost: localhost\r\nX-Long-Name: v\r\nContent-Length: 3\r\n\r\nabc',
    );
    for (let length = 0; length < request.length; length++) {
      const prefix = request.subarray(0, length);
      expect(surroundings.parse(MEMORY_BYTES - length, prefix), `${length} bytes`).toBe(r.PARSE_NEED);
    }
    expect(surroundings.parse(MEMORY_BYTES - request.length, request)).toBe(r.PARSE_COMPLETE);
  });

  it('writes only in its region when another core lies beside it', () => {
    const memory = new WebAssembly.Memory({ initial: 32, maximum: 32, shared: true });
    const bytes = new Uint8Array(memory.buffer);
    const neighbours = [0, 1, 2].map((position) => {
      const regionAddress = REGION + position * REGION_BYTES;
      const core = createCore(kind, {
        memory,
        regionAddress,
        regionBytes: REGION_BYTES,
        limits: CONTRACT_LIMITS,
      });
      core.loadRoutes(FUZZ_ROUTES.slice(position));
      return core;
    });
    bytes.set(Buffer.from('GET /params/a/b HTTP/1.1\r\nHost: a\r\n\r\n'), PLACE);
    const answers = neighbours.map((core) => {
      core.parse(PLACE, 40);
      return core.record.slice();
    });
    neighbours.forEach((core, position) => {
      expect(core.record.slice()).toEqual(answers[position]);
      expect(core.record[r.ROUTE]).toBe(4 - position);
    });
  });
});
