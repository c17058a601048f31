/**
 * Times small pieces of work against each other in one process. The contestants take turns in batches of a
 * millisecond, for many rounds, so whatever disturbs the machine disturbs all of them. Used by parse.ts and
 * match.ts.
 */

import { summarize } from './laboratory/statistics.ts';
import { table } from './table.ts';

export interface Contestant {
  readonly name: string;
  /** Describes one piece of its work, for the reader of the table. */
  readonly does: string;
  /** Does the work so many times. @returns a number that depends on all of it, so that V8 skips none of it */
  run(times: number): number;
  /** @throws if its result does not match the input */
  verify(): void;
}

export interface MicroOptions {
  readonly rounds: number;
  readonly batchMs: number;
}

export interface MicroResult {
  readonly name: string;
  readonly does: string;
  /** Nanoseconds for one piece of work, one value for each round. */
  readonly rounds: readonly number[];
}

/** Time until V8 runs optimised code. */
const WARM_UP_BATCHES = 60;
const MAX_GROWTH = 4;

/** Keeps what the contestants return, so V8 cannot drop their work. */
let sink = 0;

/** @param piecesPerRun pieces of work in one, by which the time is divided */
export function race(
  contestants: readonly Contestant[],
  options: MicroOptions,
  piecesPerRun = 1,
): MicroResult[] {
  const entries = contestants.map((contestant) => {
    contestant.verify();
    return { contestant, times: timesFor(contestant, options.batchMs), rounds: [] as number[] };
  });
  for (let round = 0; round < options.rounds; round++) {
    for (let turn = 0; turn < entries.length; turn++) {
      const entry = entries[(turn + round) % entries.length];
      if (entry === undefined) continue;
      const nanoseconds = timeBatch(entry.contestant, entry.times);
      entry.rounds.push(nanoseconds / entry.times / piecesPerRun);
    }
  }
  for (const { contestant } of entries) contestant.verify();
  return entries.map(({ contestant: { name, does }, rounds }) => ({ name, does, rounds }));
}

function timesFor(contestant: Contestant, batchMs: number): number {
  const wanted = batchMs * 1e6;
  let times = 10;
  for (let batch = 0; batch < WARM_UP_BATCHES; ) {
    const nanoseconds = timeBatch(contestant, times);
    // One batch may be quick by chance, or slow because its code is new. So the size grows step by step.
    const factor = Math.min(MAX_GROWTH, wanted / Math.max(nanoseconds, 1));
    times = Math.max(1, Math.round(times * factor));
    if (nanoseconds > wanted / 2) batch++;
  }
  return times;
}

/**
 * Wall time, since a thread's CPU time comes in steps of some milliseconds. A batch is shorter than a time
 * slice, so most batches are not interrupted even on a busy machine. The median is one of those.
 */
function timeBatch(contestant: Contestant, times: number): number {
  const start = process.hrtime.bigint();
  sink = (sink + contestant.run(times)) | 0;
  return Number(process.hrtime.bigint() - start);
}

/** Medians with their spread, and each median as a multiple of the first. */
export function microTable(results: readonly MicroResult[]): string {
  const [first] = results;
  if (first === undefined) return '';
  const rows = results.map(({ name, does, rounds }) => {
    const { median } = summarize(rounds);
    const ratio = median / summarize(first.rounds).median;
    return [name, median.toFixed(0), `±${deviation(rounds).toFixed(0)} %`, `× ${ratio.toFixed(2)}`, does];
  });
  const widest = Math.max(...rows.map((row) => row[4]?.length ?? 0));
  return table(
    [['', 'ns', 'spread', 'time', 'what one of them comprises'], ...rows].map((row) => [
      ...row.slice(0, 4),
      (row[4] ?? '').padEnd(widest),
    ]),
  );
}

/** Median absolute deviation, in per cent of the median. */
function deviation(values: readonly number[]): number {
  const { median } = summarize(values);
  return (summarize(values.map((value) => Math.abs(value - median))).median / median) * 100;
}

/** How much longer one contestant takes than another that does the same without the work in question. */
export function difference(name: string, does: string, whole: MicroResult, part: MicroResult): MicroResult {
  return { name, does, rounds: whole.rounds.map((value, i) => value - (part.rounds[i] ?? Number.NaN)) };
}
