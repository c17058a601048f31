/**
 * CORE=verify: runs both cores on every call and compares their answers. A difference is a bug in one of
 * them, so it is counted and reported with the bytes that show it. It takes twice the time, so it is for
 * tests, for fuzzing and for finding faults.
 */

import { inspect } from 'node:util';
import * as r from '../../../assembly/record.ts';
import type { Core, CoreOptions, RoutePattern } from './core.ts';
import { JsCore } from './js/js-core.ts';
import { WasmCore } from './wasm/wasm-core.ts';

/** A word of the record in which the cores differ. */
export interface WordDifference {
  readonly word: number;
  readonly wasm: number;
  readonly js: number;
}

export class CoreDisagreementError extends Error {
  override readonly name = 'CoreDisagreementError';
  readonly code = 'CORE_DISAGREEMENT';
  readonly differences: readonly WordDifference[];
  /** The bytes that were parsed, and the resume words before the call. */
  readonly bytes: Uint8Array;
  readonly resume: readonly number[];

  constructor(differences: readonly WordDifference[], bytes: Uint8Array, resume: readonly number[]) {
    const words = differences.map(({ word, wasm, js }) => `word ${word}: wasm ${wasm}, js ${js}`).join('; ');
    const text = inspect(Buffer.from(bytes).toString('latin1'), { maxStringLength: 4096 });
    super(`the cores disagree (${words}) when they resume with [${resume.join(', ')}] on ${text}`);
    this.differences = differences;
    this.bytes = bytes;
    this.resume = resume;
  }
}

export class VerifyCore implements Core {
  readonly kind = 'verify';
  /** The record of the WebAssembly core. */
  readonly record: Int32Array;
  /** Calls in which the cores disagreed. */
  disagreements = 0;
  readonly #wasm: WasmCore;
  readonly #js: JsCore;
  readonly #bytes: Uint8Array;
  readonly #report: (error: CoreDisagreementError) => void;

  /** The JS core gets the end of the region for its record, the WebAssembly core the rest. */
  constructor(options: CoreOptions, report: (error: CoreDisagreementError) => void = raise) {
    const wasmBytes = options.regionBytes - r.RECORD_BYTES;
    this.#wasm = new WasmCore({ ...options, regionBytes: wasmBytes });
    this.#js = new JsCore({
      ...options,
      regionAddress: options.regionAddress + wasmBytes,
      regionBytes: r.RECORD_BYTES,
    });
    this.#bytes = new Uint8Array(options.memory.buffer);
    this.#report = report;
    this.record = this.#wasm.record;
  }

  loadRoutes(routes: readonly RoutePattern[]): void {
    this.#wasm.loadRoutes(routes);
    this.#js.loadRoutes(routes);
  }

  parse(address: number, length: number): number {
    return this.#both(address, length, (core) => core.parse(address, length));
  }

  match(): void {
    this.#wasm.match();
    this.#js.match();
  }

  parseHead(address: number, length: number): number {
    return this.#both(address, length, (core) => core.parseHead(address, length));
  }

  parseStreamedHead(address: number, length: number): number {
    return this.#both(address, length, (core) => core.parseStreamedHead(address, length));
  }

  #both(address: number, length: number, parse: (core: Core) => number): number {
    const resume = Array.from(this.record.subarray(r.PHASE, r.METHOD));
    this.#js.record.set(resume, r.PHASE);
    const status = parse(this.#wasm);
    parse(this.#js);
    const differences = compareRecords(this.record, this.#js.record);
    if (differences.length > 0) {
      this.disagreements++;
      const bytes = this.#bytes.slice(address, address + length);
      this.#report(new CoreDisagreementError(differences, bytes, resume));
    }
    return status;
  }
}

function raise(error: CoreDisagreementError): void {
  throw error;
}

/**
 * Compares every word that has a meaning. The words after the last parameter and header are left over from
 * earlier calls.
 */
function compareRecords(wasm: Int32Array, js: Int32Array): WordDifference[] {
  const parameters = r.PARAMETERS + 2 * (wasm[r.PARAMETER_COUNT] ?? 0);
  const headers = r.HEADERS + r.HEADER_WORDS * (wasm[r.HEADER_COUNT] ?? 0);
  const differences: WordDifference[] = [];
  const compare = (from: number, to: number): void => {
    for (let word = from; word < to; word++) {
      const [a, b] = [wasm[word] ?? 0, js[word] ?? 0];
      if (a !== b) differences.push({ word, wasm: a, js: b });
    }
  };
  compare(0, r.PARAMETERS - 1);
  compare(r.PARAMETERS, parameters);
  compare(r.WELL_KNOWN, headers);
  return differences;
}
