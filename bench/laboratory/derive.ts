/** Computes medians and ratios from the rounds of a scenario. */
import { estimate, estimateRatio, median } from './bootstrap.ts';
import type { ArmResult, Estimate, FixedRate, FixedRateSummary, Ratio, Round, Summary } from './results.ts';

type Measured = Pick<ArmResult, 'name' | 'rounds'>;

/** @param rounds at least one */
export function summarizeRounds(rounds: readonly Round[]): Summary {
  const of = (value: (round: Round) => number) => estimate(rounds.map(value));
  return {
    requestsPerSecond: of((round) => round.requestsPerSecond),
    cpuMicrosecondsPerRequest: of((round) => round.cpuMicrosecondsPerRequest),
    memoryMb: of((round) => round.memoryMb),
    ...optional('databaseCpuMicrosecondsPerRequest', rounds),
    ...optional('p50Ms', rounds),
    ...optional('p99Ms', rounds),
    ...optional('p999Ms', rounds),
    ...figuresOf(rounds),
  };
}

/** One summary for each rate, in ascending order. */
export function summarizeFixedRates(blocks: readonly FixedRate[]): FixedRateSummary[] {
  const byShare = Map.groupBy(blocks, ({ shareOfCapacity }) => shareOfCapacity);
  return [...byShare]
    .toSorted(([one], [other]) => one - other)
    .map(([shareOfCapacity, same]) => {
      const of = (value: (block: FixedRate) => number) => median(same.map(value));
      return {
        shareOfCapacity,
        rate: of(({ rate }) => rate),
        achievedRate: of(({ achievedRate }) => achievedRate),
        p50Ms: of(({ p50Ms }) => p50Ms),
        p99Ms: of(({ p99Ms }) => p99Ms),
        p999Ms: of(({ p999Ms }) => p999Ms),
      };
    });
}

/** Of every arm to each of these, as far as they were measured. */
export function ratiosTo(references: readonly string[], arms: readonly Measured[]): Ratio[] {
  return references.flatMap((name) => {
    const reference = arms.find((arm) => arm.name === name);
    if (reference === undefined) return [];
    return arms.filter((arm) => arm !== reference).map((arm) => ratioOf(arm, reference));
  });
}

function ratioOf(arm: Measured, reference: Measured): Ratio {
  const ratio = (value: (round: Round) => number) =>
    estimateRatio(arm.rounds.map(value), reference.rounds.map(value));
  const hasDatabase = [...arm.rounds, ...reference.rounds].every(
    (round) => round.databaseCpuMicrosecondsPerRequest !== undefined,
  );
  return {
    of: arm.name,
    to: reference.name,
    requestsPerSecond: ratio((round) => round.requestsPerSecond),
    cpuMicrosecondsPerRequest: ratio((round) => round.cpuMicrosecondsPerRequest),
    memoryMb: ratio((round) => round.memoryMb),
    ...(hasDatabase && {
      databaseCpuMicrosecondsPerRequest: ratio((round) => round.databaseCpuMicrosecondsPerRequest ?? 0),
    }),
  };
}

type OptionalName = 'databaseCpuMicrosecondsPerRequest' | 'p50Ms' | 'p99Ms' | 'p999Ms';

/** Absent unless every round has the value. */
function optional<Name extends OptionalName>(
  name: Name,
  rounds: readonly Round[],
): Partial<Record<Name, Estimate>> {
  const values = rounds.map((round) => round[name]).filter((value) => value !== undefined);
  if (values.length < rounds.length) return {};
  return { [name]: estimate(values) } as Record<Name, Estimate>;
}

function figuresOf(rounds: readonly Round[]): Pick<Summary, 'figures'> {
  const names = Object.keys(rounds[0]?.figures ?? {});
  if (names.length === 0) return {};
  const entries = names.map(
    (name) => [name, estimate(rounds.map(({ figures }) => figures?.[name] ?? Number.NaN))] as const,
  );
  return { figures: Object.fromEntries(entries) };
}
