/**
 * Spreads the time of a run over its scenarios. Each gets its share of what is left, by its number of arms.
 * So a scenario that took longer than expected makes the later ones shorter, and the run ends in time.
 */

/** Blocks of equal length that a scenario has for each arm. */
export interface Blocks {
  readonly warmUps: number;
  readonly rounds: number;
  readonly fixedRates: number;
}

export interface BudgetOptions {
  readonly minutes: number;
  /** Of each block. Then the budget decides nothing. */
  readonly seconds: number | undefined;
  readonly blocks: Blocks;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
}

/** Start, comparison, rest and stop. */
const SECONDS_OF_SCENARIO = 6;
const SECONDS_OF_ARM = 1.5;
/** Processes of generators come and go around each block, and usage is read. */
const SECONDS_OF_BLOCK = 0.15;
const LEAST_SECONDS = 0.25;
const MOST_SECONDS = 10;

export class Budget {
  readonly #options: BudgetOptions;
  readonly #start: number;

  constructor(options: BudgetOptions) {
    this.#options = options;
    this.#start = options.now();
  }

  /** @param armCounts of the scenarios that are left. @returns the seconds of each block */
  blockSeconds(armCounts: readonly number[]): number {
    const { minutes, seconds } = this.#options;
    if (seconds !== undefined) return seconds;
    const left = minutes * 60 - (this.#options.now() - this.#start) / 1000;
    const blocks = this.#blocksOfArm() * sum(armCounts);
    const each = (left - this.#overheadSeconds(armCounts)) / Math.max(1, blocks);
    return Math.min(MOST_SECONDS, Math.max(LEAST_SECONDS, Math.round(each * 100) / 100));
  }

  /** How long the scenarios will take. */
  expectedSeconds(armCounts: readonly number[], blockSeconds: number): number {
    return this.#overheadSeconds(armCounts) + sum(armCounts) * this.#blocksOfArm() * blockSeconds;
  }

  #overheadSeconds(armCounts: readonly number[]): number {
    const ofArm = SECONDS_OF_ARM + this.#blocksOfArm() * SECONDS_OF_BLOCK;
    return armCounts.length * SECONDS_OF_SCENARIO + sum(armCounts) * ofArm;
  }

  #blocksOfArm(): number {
    const { warmUps, rounds, fixedRates } = this.#options.blocks;
    return warmUps + rounds + fixedRates;
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
