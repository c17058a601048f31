/**
 * Runs many cases against one server, several at a time, and counts by group. The tests and the command in
 * main.ts call it.
 */

import type { ConformanceCase } from './case.ts';
import type { Address } from './connection.ts';
import { type Pace, play } from './exchange.ts';
import { judge } from './judge.ts';

export interface Verdict {
  readonly conformanceCase: ConformanceCase;
  /** Empty for a pass. */
  readonly complaints: readonly string[];
}

const CASES_AT_A_TIME = 32;

export async function runCases(
  cases: readonly ConformanceCase[],
  address: Address,
  pace: Pace,
): Promise<Verdict[]> {
  const queue = cases.values();
  const verdicts: Verdict[] = [];
  const runner = async (): Promise<void> => {
    for (const conformanceCase of queue) {
      const complaints = judge(conformanceCase, await play(conformanceCase, address, pace));
      verdicts.push({ conformanceCase, complaints });
    }
  };
  await Promise.all(Array.from({ length: CASES_AT_A_TIME }, runner));
  return verdicts;
}

/** One paragraph for each case that fails. Empty if none does. */
export function describeFailures(verdicts: readonly Verdict[]): string {
  return verdicts.filter(isFailure).map(describeVerdict).join('\n');
}

export function isFailure({ complaints }: Verdict): boolean {
  return complaints.length > 0;
}

function describeVerdict({ conformanceCase, complaints }: Verdict): string {
  const { id, group, level, why } = conformanceCase;
  return [`${id} [${group}, ${level}]: ${why}`, ...complaints.map((complaint) => `  - ${complaint}`)].join(
    '\n',
  );
}

/** "headers 49/49, host 26/27" */
export function countByGroup(verdicts: readonly Verdict[]): string {
  return [...Map.groupBy(verdicts, ({ conformanceCase }) => conformanceCase.group)]
    .map(([group, all]) => `${group} ${all.filter((verdict) => !isFailure(verdict)).length}/${all.length}`)
    .join(', ');
}
