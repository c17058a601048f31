/**
 * Feeds bytes to a core as a connection would: into a buffer in shared memory, in one piece or in several,
 * keeping the resume words from call to call. The parser, router and wasm suites share it.
 */

import * as r from '../../../assembly/record.ts';
import type { Core, CoreKind, ParseLimits, RoutePattern } from '../../../src/runtime/core/core.ts';
import { createCore } from '../../../src/runtime/core/create-core.ts';

export const CORE_KINDS: readonly CoreKind[] = ['js', 'wasm'];

export const LIMITS: ParseLimits = { maxHeaderBytes: 512, maxTargetBytes: 128, maxBodyBytes: 1000 };

const PAGE_BYTES = 65536;
const REGION_ADDRESS = PAGE_BYTES;
const REGION_BYTES = 4 * PAGE_BYTES;
/** Odd on purpose: a core must not rely on any alignment of a request. */
const BUFFER_ADDRESS = 6 * PAGE_BYTES + 3;

export interface Answer {
  status: number;
  /** By name, for the words the tests look at. */
  record: Int32Array;
  text(start: number, length: number): string;
}

export class Bench {
  readonly core: Core;
  readonly memory: WebAssembly.Memory;
  readonly #bytes: Uint8Array;

  constructor(kind: CoreKind, routes: readonly RoutePattern[] = [], limits: ParseLimits = LIMITS) {
    this.memory = new WebAssembly.Memory({ initial: 16, maximum: 16, shared: true });
    this.core = createCore(kind, {
      memory: this.memory,
      regionAddress: REGION_ADDRESS,
      regionBytes: REGION_BYTES,
      limits,
    });
    this.core.loadRoutes(routes);
    this.#bytes = new Uint8Array(this.memory.buffer);
  }

  /**
   * Feeds the bytes in pieces of `step`, or all at once, until the answer is not NEED or they are all there.
   */
  feed(raw: string, step = raw.length): Answer {
    const bytes = Buffer.from(raw, 'latin1');
    const { record } = this.core;
    record.fill(0, r.PHASE, r.METHOD);
    let status = r.PARSE_NEED;
    for (let length = Math.min(step, bytes.length); ; length = Math.min(length + step, bytes.length)) {
      // Bytes that have not arrived must not matter.
      this.#bytes.fill(0x41, BUFFER_ADDRESS, BUFFER_ADDRESS + bytes.length + 64);
      this.#bytes.set(bytes.subarray(0, length), BUFFER_ADDRESS);
      status = this.core.parse(BUFFER_ADDRESS, length);
      if (status !== r.PARSE_NEED || length === bytes.length) break;
    }
    const text = (start: number, length: number): string => bytes.toString('latin1', start, start + length);
    return { status, record: record.slice(), text };
  }
}

export function word(answer: Answer, index: number): number {
  return answer.record[index] as number;
}

/** [name, value] of every header field. */
export function headersOf(answer: Answer): [string, string][] {
  return Array.from({ length: word(answer, r.HEADER_COUNT) }, (_, index) => {
    const entry = r.HEADERS + index * r.HEADER_WORDS;
    const text = (at: number): string => answer.text(word(answer, at), word(answer, at + 1));
    return [text(entry), text(entry + 2)];
  });
}

export function parametersOf(answer: Answer): string[] {
  return Array.from({ length: word(answer, r.PARAMETER_COUNT) }, (_, index) => {
    const pair = r.PARAMETERS + 2 * index;
    return answer.text(word(answer, pair), word(answer, pair + 1));
  });
}
