/** Times that are kept one by one, so that no percentile is rounded. */
import { quantile } from '../../statistics.ts';

export class Latencies {
  readonly #values: Float64Array;
  #count = 0;

  constructor(capacity: number) {
    this.#values = new Float64Array(capacity);
  }

  add(milliseconds: number): void {
    this.#values[this.#count] = milliseconds;
    this.#count = Math.min(this.#count + 1, this.#values.length);
  }

  get count(): number {
    return this.#count;
  }

  /** @param fractions such as 0.99. @returns 0 for each if there is no value */
  quantiles<const Fractions extends readonly number[]>(
    ...fractions: Fractions
  ): { [Index in keyof Fractions]: number } {
    const sorted = this.#values.subarray(0, this.#count).sort();
    return fractions.map((fraction) => (sorted.length === 0 ? 0 : quantile(sorted, fraction))) as {
      [Index in keyof Fractions]: number;
    };
  }
}
