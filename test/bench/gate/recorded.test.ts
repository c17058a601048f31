/**
 * The gate on recorded blocks: sessions of this server with GET /work of fixtures/gate/burning-app.ts on 64
 * connections. Two processes of the same program, `a` and `b`, took blocks of a second in turns. Every
 * session has processes of its own. The machine of two cores had a load of 15 to 20 by other programs, so one
 * block differs from the next by up to a half.
 *
 *  - `plain.json`: a handler that does nothing. Its blocks are the noisiest.
 *  - `working.json`: a handler of a quarter of a millisecond.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Block, Pair } from '../../../bench/gate/paired/block.ts';
import type { RatioPromise } from '../../../bench/gate/paired/judge.ts';
import { sample } from '../../../bench/gate/paired/sampling.ts';
import { seededRandom, shuffled } from '../../../bench/laboratory/random.ts';

interface Session {
  readonly a: readonly Block[];
  readonly b: readonly Block[];
}

/** Those of `--base` (bench/gate/matches/beside-base.ts). */
const NOT_SLOWER: readonly RatioPromise[] = [
  { metric: 'cpuPerRequest', limit: 1.05, because: 'of the test' },
  { metric: 'requestsPerSecond', limit: 0.95, because: 'of the test' },
];

const SERIES = 20;

function pairsOf(name: string): Pair[][] {
  const file = join(import.meta.dirname, '../fixtures/gate', name);
  const sessions: Session[] = JSON.parse(readFileSync(file, 'utf8'));
  return sessions.map(({ a, b }) => a.map((block, index) => ({ a: block, b: b[index] as Block })));
}

const swapped = ({ a, b }: Pair): Pair => ({ a: b, b: a });

/** Ten per cent more CPU time for each request, and so many fewer requests, since CPU time is the limit. */
const slowedDown = ({ a, b }: Pair): Pair => ({ a: { ...a, requests: a.requests / 1.1 }, b });

/** @returns whether the gate finds the first arm slower, if it takes these pairs one after the other */
async function isAlarm(pairs: readonly Pair[]): Promise<boolean> {
  let taken = { a: 0, b: 0 };
  const { judgements } = await sample({
    promises: NOT_SLOWER,
    measure: (side) => {
      const index = taken[side];
      taken = { ...taken, [side]: index + 1 };
      return Promise.resolve(pairs[index]?.[side] as Block);
    },
    isTimeUp: () => taken.a + 2 > pairs.length,
    random: seededRandom(1),
  });
  return judgements.some(({ decision }) => decision === 'fail');
}

async function alarms(series: readonly (readonly Pair[])[]): Promise<number> {
  const found = await Promise.all(series.map(isAlarm));
  expect(found.length).toBeGreaterThanOrEqual(SERIES);
  return found.filter(Boolean).length;
}

/** As many pairs as fit into the default time of `--base`. */
const LONG = 48;

/** Long series: pairs of all sessions, each time others in another order. */
function shuffledSeries(name: string): Pair[][] {
  const all = pairsOf(name).flat();
  return Array.from({ length: SERIES }, (_, seed) => shuffled(all, seededRandom(seed)).slice(0, LONG));
}

describe('recorded blocks of equal servers', () => {
  test('raise no alarm in any session, whichever of the two is the first', async () => {
    const sessions = [...pairsOf('plain.json'), ...pairsOf('working.json')];
    expect(await alarms([...sessions, ...sessions.map((pairs) => pairs.map(swapped))])).toBe(0);
  });

  test('raise no alarm in long series', async () => {
    expect(await alarms(shuffledSeries('working.json'))).toBe(0);
  });

  test('raise the alarm if one was slowed down by 10 %', async () => {
    const slow = shuffledSeries('working.json').map((pairs) => pairs.map(slowedDown));
    expect(await alarms(slow)).toBeGreaterThanOrEqual(19);
  });
});
