/** Counts the outcomes of the soak by kind of request. */

export class Tally {
  readonly #outcomes = new Map<string, Map<string, number>>();

  count(name: string, outcome: string): void {
    const outcomes = this.#outcomes.get(name) ?? new Map<string, number>();
    this.#outcomes.set(name, outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1));
  }

  /** By kind: how often each outcome came. */
  get outcomes(): ReadonlyMap<string, ReadonlyMap<string, number>> {
    return this.#outcomes;
  }

  /** Answers that were not right, all kinds together. */
  get wrong(): number {
    let wrong = 0;
    for (const outcomes of this.#outcomes.values()) {
      for (const [outcome, count] of outcomes) if (outcome !== 'right') wrong += count;
    }
    return wrong;
  }
}
