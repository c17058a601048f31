/** Figures that a busy machine does not change. */

export interface Figures {
  /** By name. */
  readonly values: ReadonlyMap<string, number>;
  /** Why figures are missing: the beginning of their names, and a sentence for a person. */
  readonly skipped: ReadonlyMap<string, string>;
}

export function figures(values: Iterable<readonly [string, number]>): Figures {
  return { values: new Map(values), skipped: new Map() };
}

/** @param prefix of the names of all figures that are missing */
export function skipped(prefix: string, why: string): Figures {
  return { values: new Map(), skipped: new Map([[prefix, why]]) };
}

export function merged(parts: readonly Figures[]): Figures {
  return {
    values: new Map(parts.flatMap(({ values }) => [...values])),
    skipped: new Map(parts.flatMap((part) => [...part.skipped])),
  };
}

export function whySkipped({ skipped }: Figures, name: string): string | undefined {
  for (const [prefix, why] of skipped) if (name.startsWith(prefix)) return why;
  return undefined;
}
