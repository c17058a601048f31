/**
 * The gate's decisions on sessions that were recorded (bench/gate/recording/main.ts): this server beside
 * itself, and beside itself slowed down by about a tenth, as bench/gate/recording/README.md says. The levels
 * of the decision come from Student's distribution and a simulation (paired.test.ts), and not from these
 * sessions.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Pair, Round } from '../../../bench/gate/paired/block.ts';
import { type RatioPromise, ratiosFound } from '../../../bench/gate/paired/judge.ts';
import { type Sampled, sample } from '../../../bench/gate/paired/sampling.ts';
import {
  BURNED_STEPS,
  fromRecorded,
  MICROSECONDS_OF_A_STEP,
  type RecordedSession,
} from '../../../bench/gate/recording/recorded.ts';
import { median } from '../../../bench/laboratory/bootstrap.ts';
import { seededRandom, shuffled } from '../../../bench/laboratory/random.ts';

/** Those of `--base` (bench/gate/matches/beside-base.ts). */
const CPU: RatioPromise = { metric: 'cpuPerRequest', limit: 1.05, because: 'of the test' };
const REQUESTS: RatioPromise = { metric: 'requestsPerSecond', limit: 0.95, because: 'of the test' };

const SESSIONS: readonly RecordedSession[] = JSON.parse(
  readFileSync(join(import.meta.dirname, '../fixtures/gate/sessions.json'), 'utf8'),
);
const CONTESTS = ['plain', 'pipelined'] as const;
const SERIES = 20;

const roundsOf = ({ rounds }: RecordedSession): Round[] => rounds.map(fromRecorded);
const swapped = (round: Round): Round => round.map(({ a, b }: Pair) => ({ a: b, b: a }));

function recorded(kind: 'equal' | 'slowed', contest?: string): Round[][] {
  return SESSIONS.filter(
    (session) => session.kind === kind && (contest === undefined || session.contest === contest),
  ).map(roundsOf);
}

/** What the gate finds if it takes these rounds one after the other. */
async function play(rounds: readonly Round[]): Promise<Sampled<unknown>> {
  let taken = 0;
  const [found] = await sample({
    contests: [{ promises: [CPU, REQUESTS] }],
    takeRound: () => Promise.resolve(rounds.slice(taken++, taken)),
    hasTime: () => taken < rounds.length,
  });
  if (found === undefined) throw new Error('nothing was sampled');
  return found;
}

async function outcomes(series: readonly (readonly Round[])[]) {
  const counts = { pass: 0, fail: 0, undecided: 0 };
  for (const { decisions } of await Promise.all(series.map(play))) {
    if (decisions.includes('fail')) counts.fail += 1;
    else if (decisions.includes('undecided')) counts.undecided += 1;
    else counts.pass += 1;
  }
  return counts;
}

/** Rounds are independent, whatever their session. So long sessions are made of the rounds of several. */
function longSeries(sessions: readonly (readonly Round[])[]): Round[][] {
  return Array.from({ length: SERIES }, (_, seed) => shuffled(sessions.flat(), seededRandom(seed)));
}

describe('recorded sessions', () => {
  test('of equal servers raise no alarm, whichever of the two is the first', async () => {
    const sessions = recorded('equal');
    const both = [...sessions, ...sessions.map((rounds) => rounds.map(swapped))];
    expect(both.length).toBeGreaterThanOrEqual(SERIES);
    expect(await outcomes(both)).toMatchObject({ fail: 0 });
  });

  test('of a server that was slowed down by 10 % never pass', async () => {
    expect(await outcomes(recorded('slowed'))).toMatchObject({ pass: 0 });
  });

  test.for(CONTESTS)('made long raise no alarm with equal servers: %s', async (contest) => {
    expect(await outcomes(longSeries(recorded('equal', contest)))).toMatchObject({ fail: 0 });
  });

  test('made long raise the alarm if one was slowed down', async () => {
    const { fail } = await outcomes(longSeries(recorded('slowed', 'plain')));
    expect(fail).toBeGreaterThanOrEqual(SERIES - 1);
  });

  test('have the slowdown that was planted, or more', () => {
    for (const contest of CONTESTS) {
      const rounds = recorded('slowed', contest).flat();
      const cost = median(rounds.flat().map(({ b }) => ((b.cpuSeconds ?? 0) * 1e6) / b.requests));
      const planted = 1 + (BURNED_STEPS[contest] * MICROSECONDS_OF_A_STEP) / cost;
      expect(planted).toBeGreaterThan(1.08);
      expect(ratiosFound(CPU, rounds)?.byRounds?.high).toBeGreaterThan(planted);
    }
  });
});
