/**
 * Spreads the time of a run over its scenarios: all blocks that are left get the same time. So a scenario
 * that took longer than expected makes the later ones shorter, and the run ends in time.
 */

/** Blocks that a scenario has for each arm. */
export interface Blocks {
  /** Of WARM_UP_SECONDS. */
  readonly warmUps: number;
  readonly rounds: number;
  readonly fixedRates: number;
}

/** What the time of a scenario depends on, besides the seconds of a block. */
export interface ScenarioCost {
  readonly arms: number;
  /** See Scenario. */
  readonly leastSeconds?: number;
  readonly secondsAfterRound?: number;
}

export interface BudgetOptions {
  /** For the whole run. */
  readonly minutes: number;
  /** Of each block. Then the budget decides nothing. */
  readonly seconds: number | undefined;
  readonly blocks: Blocks;
  /** What the run does after its scenarios. */
  readonly reservedSeconds: number;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
}

/** Long enough for V8 to compile what a request runs, with two of them. */
export const WARM_UP_SECONDS = 1;

/** Comparison, rest and stop. */
const SECONDS_OF_SCENARIO = 4;
/** To start it. */
const SECONDS_OF_ARM = 0.7;
/** Processes of generators come and go around each block, and usage is read. */
const SECONDS_OF_BLOCK = 0.08;
const LEAST_SECONDS = 0.25;
const MOST_SECONDS = 10;
const PRECISION_SECONDS = 0.01;

export class Budget {
  readonly #options: BudgetOptions;
  readonly #start: number;

  constructor(options: BudgetOptions) {
    this.#options = options;
    this.#start = options.now();
  }

  /**
   * @param costs of the scenarios that are left
   * @returns the longest seconds of a block with which the run ends in time, within bounds
   */
  blockSeconds(costs: readonly ScenarioCost[]): number {
    if (this.#options.seconds !== undefined) return this.#options.seconds;
    const left = this.#options.minutes * 60 - (this.#options.now() - this.#start) / 1000;
    let [enough, tooMuch] = [LEAST_SECONDS, MOST_SECONDS];
    if (this.expectedSeconds(costs, tooMuch) <= left) return tooMuch;
    while (tooMuch - enough > PRECISION_SECONDS) {
      const middle = (enough + tooMuch) / 2;
      if (this.expectedSeconds(costs, middle) <= left) enough = middle;
      else tooMuch = middle;
    }
    return Math.round(enough / PRECISION_SECONDS) * PRECISION_SECONDS;
  }

  /** How long the scenarios will take, and what comes after them. */
  expectedSeconds(costs: readonly ScenarioCost[], blockSeconds: number): number {
    const scenarios = costs.map((cost) => this.#secondsOf(cost, blockSeconds));
    return scenarios.reduce((total, seconds) => total + seconds, this.#options.reservedSeconds);
  }

  #secondsOf({ arms, leastSeconds = 0, secondsAfterRound = 0 }: ScenarioCost, blockSeconds: number): number {
    const { warmUps, rounds, fixedRates } = this.#options.blocks;
    const block = Math.max(blockSeconds, leastSeconds) + SECONDS_OF_BLOCK;
    const ofArm =
      SECONDS_OF_ARM +
      warmUps * (WARM_UP_SECONDS + SECONDS_OF_BLOCK) +
      rounds * (block + secondsAfterRound) +
      fixedRates * block;
    return SECONDS_OF_SCENARIO + arms * ofArm;
  }
}
