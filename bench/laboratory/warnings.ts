/** What a reader must not miss, made from the measurements. */
import type { ArmResult } from './results.ts';

/** Less than this share of the rate that was due was not followed. */
const FOLLOWED = 0.97;

type Measured = Pick<ArmResult, 'name' | 'rounds' | 'fixedRates' | 'fixedRateSummaries'>;

export function warningsOf(arms: readonly Measured[]): string[] {
  return arms.flatMap((arm) => [...ofGenerator(arm), ...ofFixedRates(arm), ...ofErrors(arm)]);
}

function ofGenerator({ name, rounds }: Measured): string[] {
  const limited = rounds.filter(({ generatorWasLimit }) => generatorWasLimit);
  if (limited.length === 0) return [];
  const most = Math.max(...limited.map(({ generatorShare }) => generatorShare));
  return [
    `The load generator was the limit with ${name}: ${most.toFixed(2)} of a core, in ${limited.length} of ${rounds.length} rounds.`,
  ];
}

function ofFixedRates({ name, fixedRateSummaries }: Measured): string[] {
  return fixedRateSummaries
    .filter(({ rate, achievedRate }) => achievedRate < rate * FOLLOWED)
    .map(
      ({ rate, achievedRate }) =>
        `${name} answered ${achievedRate.toFixed(0)} of ${rate.toFixed(0)} requests per second at a fixed rate: it, or the generator, could not follow.`,
    );
}

function ofErrors({ name, rounds, fixedRates }: Measured): string[] {
  const errors = [...rounds, ...fixedRates].reduce((sum, block) => sum + block.errors, 0);
  return errors === 0 ? [] : [`${name}: ${errors} requests failed.`];
}
