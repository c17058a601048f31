/**
 * Adds up the meters of the application (memory/workers/application-meters.ts) over all workers, by name and
 * labels. Main thread. As for requests, a slot gets new names when its worker has loaded the application.
 */

import type { MeterDeclaration } from '../../http/metrics/meters.ts';
import type { SharedMemory } from '../../memory/layout.ts';
import { applicationMeters } from '../../memory/workers/application-meters.ts';

/** Reloads may bring ever new meters. Those beyond are not shown. */
const MOST_METERS = 1_024;

export interface MeterTotal {
  readonly declaration: MeterDeclaration;
  value: number;
}

interface Row {
  readonly words: Int32Array;
  /** What was read last. */
  readonly known: Int32Array;
  totals: readonly (MeterTotal | undefined)[];
}

export class MeterTotals {
  readonly #totals = new Map<string, MeterTotal>();
  readonly #rows: readonly Row[];
  readonly #isAlive: (slot: number) => boolean;

  /** @param isAlive whether there is a worker in a slot. The gauges of one that has ended do not count */
  constructor(shared: Pick<SharedMemory, 'words' | 'layout'>, isAlive: (slot: number) => boolean) {
    this.#isAlive = isAlive;
    this.#rows = Array.from({ length: shared.layout.slots }, (_, slot) => {
      const words = applicationMeters(shared, slot);
      return { words, known: new Int32Array(words.length), totals: [] };
    });
  }

  /** The worker in this slot counts these meters from now on. */
  declare(slot: number, declarations: readonly MeterDeclaration[]): void {
    const row = this.#rows[slot];
    if (row === undefined) return;
    addCounters(row);
    row.totals = declarations.map((declaration) => this.#totalOf(declaration));
  }

  /** Adds what was counted since the last time, and reads the gauges. */
  addUp(): void {
    for (const total of this.#totals.values()) if (total.declaration.kind === 'gauge') total.value = 0;
    for (const [slot, row] of this.#rows.entries()) {
      addCounters(row);
      if (this.#isAlive(slot)) addGauges(row);
    }
  }

  all(): Iterable<MeterTotal> {
    return this.#totals.values();
  }

  #totalOf(declaration: MeterDeclaration): MeterTotal | undefined {
    const { kind, name, labels } = declaration;
    const key = JSON.stringify([kind, name, Object.entries(labels).sort()]);
    const known = this.#totals.get(key);
    if (known !== undefined || this.#totals.size >= MOST_METERS) return known;
    const total = { declaration, value: 0 };
    this.#totals.set(key, total);
    return total;
  }
}

function addCounters({ words, known, totals }: Row): void {
  for (const [index, total] of totals.entries()) {
    const word = words[index] as number;
    if (total?.declaration.kind === 'counter') total.value += (word - (known[index] as number)) >>> 0;
    known[index] = word;
  }
}

function addGauges({ words, totals }: Row): void {
  for (const [index, total] of totals.entries()) {
    if (total?.declaration.kind === 'gauge') total.value += words[index] as number;
  }
}
