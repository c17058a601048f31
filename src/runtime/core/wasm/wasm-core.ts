/**
 * The core in WebAssembly, and the only caller of build/core.wasm (assembly/index.ts). The module is compiled
 * once for each thread and instantiated once for each core on the shared memory. It writes into the region
 * the core was given, and the constant data in RESERVED_BYTES, which every instance writes alike.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import {
  NAME_BYTES,
  NAME_SLOTS_OFFSET,
  NAMES_OFFSET,
  SCRATCH_OFFSET,
  SCRATCH_PADDING_BYTES,
} from '../../../../assembly/layout.ts';
import { RECORD_WORDS } from '../../../../assembly/record.ts';
import type { Core, CoreOptions, RoutePattern } from '../core.ts';
import { buildRouteTree } from '../routing/route-tree.ts';
import { NAME_NUMBERS, WELL_KNOWN_HEADERS } from '../well-known-headers.ts';
import { writeRouteTree } from './wasm-routes.ts';

/** The first bytes of the memory hold the module's constants. No region and no buffer may overlap them. */
const RESERVED_BYTES = 65536;
const MODULE_URL = new URL('../../../../build/core.wasm', import.meta.url);

interface CoreExports {
  configure(region: number, maxHeaderBytes: number, maxTargetBytes: number, maxBodyBytes: number): void;
  useRoutes(tree: number, allowedAnywhere: number): void;
  parse(address: number, length: number): number;
  match(): void;
  parseHead(address: number, length: number): number;
  parseStreamedHead(address: number, length: number): number;
}

let compiled: WebAssembly.Module | undefined;

export class WasmCore implements Core {
  readonly kind = 'wasm';
  readonly record: Int32Array;
  readonly #options: CoreOptions;
  readonly #memoryBytes: number;
  readonly #exports: CoreExports;
  readonly #parse: CoreExports['parse'];

  constructor(options: CoreOptions) {
    checkOptions(options);
    const { memory, regionAddress, limits } = options;
    compiled ??= new WebAssembly.Module(readFileSync(MODULE_URL));
    const instance = new WebAssembly.Instance(compiled, { env: { memory } });
    this.#exports = instance.exports as unknown as CoreExports;
    this.#parse = this.#exports.parse;
    this.#options = options;
    this.#memoryBytes = memory.buffer.byteLength;
    this.record = new Int32Array(memory.buffer, regionAddress, RECORD_WORDS);
    this.record.fill(0);
    writeNames(memory, regionAddress);
    this.#exports.configure(regionAddress, limits.maxHeaderBytes, limits.maxTargetBytes, limits.maxBodyBytes);
  }

  loadRoutes(routes: readonly RoutePattern[]): void {
    const { memory, regionAddress, regionBytes } = this.#options;
    const tree = buildRouteTree(routes);
    const root = writeRouteTree(tree, memory, treeAddress(this.#options), regionAddress + regionBytes);
    this.#exports.useRoutes(root, tree.allowed);
  }

  parse(address: number, length: number): number {
    // A mistake of the caller would read foreign bytes of the shared memory. Two comparisons prevent that.
    if (address < RESERVED_BYTES || length < 0 || address + length > this.#memoryBytes) {
      throw new RangeError(`a request of ${length} bytes at ${address} does not lie in the memory`);
    }
    return this.#parse(address, length);
  }

  match(): void {
    this.#exports.match();
  }

  parseHead(address: number, length: number): number {
    this.#expectInMemory(address, length);
    return this.#exports.parseHead(address, length);
  }

  parseStreamedHead(address: number, length: number): number {
    this.#expectInMemory(address, length);
    return this.#exports.parseStreamedHead(address, length);
  }

  #expectInMemory(address: number, length: number): void {
    assert(
      address >= RESERVED_BYTES && address + length <= this.#memoryBytes,
      'the head is not in the memory',
    );
  }
}

/** Writes the well-known names with their colons, the one that no field has, and their hash table. */
function writeNames(memory: WebAssembly.Memory, region: number): void {
  const names = Buffer.from(
    memory.buffer,
    region + NAMES_OFFSET,
    (WELL_KNOWN_HEADERS.length + 1) * NAME_BYTES,
  );
  names.fill(0);
  for (const [number, name] of WELL_KNOWN_HEADERS.entries()) names.write(`${name}:`, number * NAME_BYTES);
  new Uint8Array(memory.buffer).set(NAME_NUMBERS, region + NAME_SLOTS_OFFSET);
}

/** Where the route tree begins: behind the scratch space for a path as long as a target may be. */
function treeAddress(options: CoreOptions): number {
  const offset = SCRATCH_OFFSET + options.limits.maxTargetBytes + SCRATCH_PADDING_BYTES;
  return options.regionAddress + Math.ceil(offset / 64) * 64;
}

/** The assumptions of the module. */
function checkOptions(options: CoreOptions): void {
  const { memory, regionAddress, regionBytes, limits } = options;
  assert(memory.buffer instanceof SharedArrayBuffer, 'the memory is not shared');
  assert(regionAddress % 64 === 0 && regionAddress >= RESERVED_BYTES, 'the region is misplaced');
  assert(regionAddress + regionBytes <= memory.buffer.byteLength, 'the region is not in the memory');
  for (const [name, value] of Object.entries(limits)) {
    assert(Number.isInteger(value) && value > 0 && value < 2 ** 30, `${name} is not a number of bytes`);
  }
  assert(treeAddress(options) <= regionAddress + regionBytes, 'the region is too small for the limits');
}
