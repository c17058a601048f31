/** How many rounds there were, and how long. Scenarios differ: a run ends in time, and some need longer. */
import type { Run } from '../laboratory/results.ts';

/** "7 rounds of 1.1 to 1.3 s" */
export function roundsOf({
  rounds,
  seconds,
  scenarios,
}: Pick<Run, 'rounds' | 'seconds' | 'scenarios'>): string {
  const measured = scenarios.flatMap(({ arms }) =>
    arms.flatMap((arm) => arm.rounds.map((round) => round.seconds)),
  );
  const [least, most] =
    measured.length === 0 ? [seconds, seconds] : [Math.min(...measured), Math.max(...measured)];
  const lengths = [...new Set([least, most].map(twoDigits))].join(' to ');
  return `${rounds} ${rounds === 1 ? 'round' : 'rounds'} of ${lengths} s`;
}

function twoDigits(seconds: number): string {
  return String(Number(seconds.toPrecision(2)));
}
