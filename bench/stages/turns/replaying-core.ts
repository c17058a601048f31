/**
 * A core that gives the answer that another core has found, without parsing. A turn with it is a turn without
 * parse and match.
 */
import { PARSE_COMPLETE, RECORD_WORDS } from '../../../assembly/record.ts';
import type { Core } from '../../../src/runtime/core/core.ts';

export class ReplayingCore implements Core {
  readonly kind = 'js';
  readonly record = new Int32Array(RECORD_WORDS);
  readonly #found: Core;

  constructor(found: Core) {
    this.#found = found;
  }

  loadRoutes(routes: Parameters<Core['loadRoutes']>[0]): void {
    this.#found.loadRoutes(routes);
  }

  /** Parses one request. All that follow get its answer. */
  learn(address: number, length: number): void {
    if (this.#found.parse(address, length) !== PARSE_COMPLETE) throw new Error('not a whole request');
    this.record.set(this.#found.record);
  }

  parse(): number {
    return PARSE_COMPLETE;
  }

  match(): void {}

  parseHead(): number {
    return PARSE_COMPLETE;
  }

  parseStreamedHead(): number {
    return PARSE_COMPLETE;
  }
}
