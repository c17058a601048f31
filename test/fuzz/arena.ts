/**
 * A shared memory with both cores in it, each in a region of its own, and one place for the bytes of a
 * request. Everything around regions and bytes is a guard zone. A write to it is detected. The test chooses
 * its content, because the content must not change an answer.
 */

import * as r from '../../assembly/record.ts';
import type { Core, ParseLimits, RoutePattern } from '../../src/runtime/core/core.ts';
import { JsCore } from '../../src/runtime/core/js/js-core.ts';
import { WasmCore } from '../../src/runtime/core/wasm/wasm-core.ts';

/** 4 MiB. */
const PAGES = 64;
const GUARD_BYTES = 4096;
const GUARD_BYTE = 0xa5;
const INTACT_GUARD = Buffer.alloc(GUARD_BYTES, GUARD_BYTE);
const REGION_BYTES = 524_288;
const WASM_REGION = 1_048_576;
const JS_REGION = WASM_REGION + REGION_BYTES + 2 * GUARD_BYTES;
const BYTES_PLACE = 3_145_728;
/** The place of another connection's request, which is parsed between two calls for the first. */
const OTHER_PLACE = 3_407_872;
/** Room for the largest conformance case. */
export const MAX_INPUT_BYTES = 131_072;

/** The limits of the HTTP contract, so that a conformance case means here what it means on a socket. */
export const CONTRACT_LIMITS: ParseLimits = {
  maxHeaderBytes: 16_384,
  maxTargetBytes: 8192,
  maxBodyBytes: 1_048_576,
};

/** The test application's routes, and some that lie close to each other. */
export const FUZZ_ROUTES: readonly RoutePattern[] = [
  { method: 'GET', path: '/health' },
  { method: 'GET', path: '/echo' },
  { method: 'POST', path: '/echo' },
  { method: 'PUT', path: '/echo' },
  { method: 'GET', path: '/params/:a/:b' },
  { method: 'GET', path: '/params/:a/fixed' },
  { method: 'DELETE', path: '/params/one/:b' },
  { method: 'GET', path: '/files/*path' },
  { method: 'GET', path: '/files/index' },
  { method: 'PATCH', path: '/files/:name' },
  { method: 'HEAD', path: '/he' },
  { method: 'OPTIONS', path: '/healthy' },
  { method: 'GET', path: '/' },
];

export interface FeedOptions {
  /** Ascending prefix lengths after which the core is asked before the whole is there. */
  readonly cuts?: readonly number[];
  /** The bytes after the end of the input. */
  readonly tail?: Uint8Array;
  /** A request of another connection, which the core parses before each call. */
  readonly other?: Uint8Array;
  /** Distance of the first byte from a 64-byte boundary. */
  readonly misalignment?: number;
}

export class Arena {
  readonly memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
  readonly bytes = new Uint8Array(this.memory.buffer);
  readonly wasm: Core;
  readonly js: Core;
  /** Calls of `parse` so far, of both cores. */
  parses = 0;
  readonly #resume = new Int32Array(r.DECODED + 1 - r.PHASE);
  readonly #guards: readonly (readonly [start: number, end: number])[];

  constructor(limits: ParseLimits = CONTRACT_LIMITS, routes: readonly RoutePattern[] = FUZZ_ROUTES) {
    this.#guards = [
      ...around(WASM_REGION, REGION_BYTES),
      ...around(JS_REGION, REGION_BYTES),
      [BYTES_PLACE - GUARD_BYTES, BYTES_PLACE],
      [BYTES_PLACE + MAX_INPUT_BYTES, BYTES_PLACE + MAX_INPUT_BYTES + GUARD_BYTES],
    ];
    for (const [start, end] of this.#guards) this.bytes.fill(GUARD_BYTE, start, end);
    const shared = { memory: this.memory, regionBytes: REGION_BYTES, limits };
    this.wasm = new WasmCore({ ...shared, regionAddress: WASM_REGION });
    this.js = new JsCore({ ...shared, regionAddress: JS_REGION });
    for (const core of this.cores) core.loadRoutes(routes);
  }

  get cores(): readonly [Core, Core] {
    return [this.wasm, this.js];
  }

  /** Parses the head alone, as of a request whose body is streamed. */
  feedStreamedHead(core: Core, input: Uint8Array): void {
    this.bytes.set(input, BYTES_PLACE);
    core.parseStreamedHead(BYTES_PLACE, input.length);
  }

  /**
   * Lets a core see the prefixes of `input` that end at the cuts, then all of it, and stops at the first
   * answer that is not "more bytes needed". Only the state that a connection keeps between calls survives.
   * @returns how many bytes the core had been given when it answered
   */
  feed(core: Core, input: Uint8Array, options: FeedOptions = {}): number {
    const { cuts = [], tail, misalignment = 0, other } = options;
    const address = BYTES_PLACE + misalignment;
    this.#resume.fill(0);
    let given = 0;
    for (const cut of [...cuts, input.length]) {
      this.bytes.set(input.subarray(given, cut), address + given);
      given = cut;
      if (tail !== undefined) this.bytes.set(tail, address + given);
      if (other !== undefined) this.#parseOther(core, other);
      if (cuts.length > 0) core.record.fill(0x5a5a5a5a, 0, r.HEADERS + r.HEADER_WORDS);
      core.record.set(this.#resume, r.PHASE);
      this.parses++;
      if (core.parse(address, given) !== r.PARSE_NEED) break;
      this.#resume.set(core.record.subarray(r.PHASE, r.DECODED + 1));
    }
    return given;
  }

  #parseOther(core: Core, other: Uint8Array): void {
    this.bytes.set(other, OTHER_PLACE);
    core.record.fill(0, r.PHASE, r.DECODED + 1);
    this.parses++;
    core.parse(OTHER_PLACE, other.length);
  }

  /** Address and bytes of the guard zone that was written to, if any was. */
  brokenGuard(): string | undefined {
    for (const [start, end] of this.#guards) {
      const zone = Buffer.from(this.memory.buffer, start, end - start);
      if (zone.equals(INTACT_GUARD)) continue;
      const broken = zone.findIndex((byte) => byte !== GUARD_BYTE);
      if (broken >= 0) return `byte ${start + broken} of [${start}, ${end}) is ${zone[broken]}`;
    }
    return undefined;
  }
}

function around(start: number, length: number): [number, number][] {
  return [
    [start - GUARD_BYTES, start],
    [start + length, start + length + GUARD_BYTES],
  ];
}
