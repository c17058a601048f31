/**
 * Times small pieces of work against each other in one process: batches of a millisecond, the contestants
 * in turn, many rounds, so that whatever disturbs the machine disturbs all of them. Used by parse.ts and match.ts.
 */
import { table } from './report.ts';
import { summarize } from './statistics.ts';

export interface Contestant {
  readonly name: string;
  /** What one piece of its work comprises, for the reader of the table. */
  readonly does: string;
  /** Does the work so many times. @returns a number that depends on all of it, so that none can be left out */
  run(times: number): number;
  /** @throws when what it found is not what is in the input */
  verify(): void;
}

export interface MicroOptions {
  readonly rounds: number;
  readonly batchMs: number;
}

export interface MicroResult {
  readonly name: string;
  readonly does: string;
  /** Nanoseconds for one piece of work, of each round. */
  readonly rounds: readonly number[];
}

/** Until optimised code is in place. */
const WARM_UP_BATCHES = 60;
const MAX_GROWTH = 4;

/** Keeps what the contestants return, so that their work has a use. */
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
    // One batch may be quick by chance, or slow since its code is new: what it says is believed step by step.
    const factor = Math.min(MAX_GROWTH, wanted / Math.max(nanoseconds, 1));
    times = Math.max(1, Math.round(times * factor));
    if (nanoseconds > wanted / 2) batch++;
  }
  return times;
}

/**
 * Wall time: the CPU time of a thread comes in steps of some milliseconds. A batch is shorter than a time slice,
 * so most of them are not interrupted even on a busy machine, and the median is of those.
 */
function timeBatch(contestant: Contestant, times: number): number {
  const start = process.hrtime.bigint();
  sink = (sink + contestant.run(times)) | 0;
  return Number(process.hrtime.bigint() - start);
}

/** Medians with their spread, and how many times the first one's median each one's is. */
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

/** Median absolute deviation from the median, in per cent of it. */
function deviation(values: readonly number[]): number {
  const { median } = summarize(values);
  return (summarize(values.map((value) => Math.abs(value - median))).median / median) * 100;
}

/** What one contestant takes beyond another that does the same but for the work in question. */
export function difference(name: string, does: string, whole: MicroResult, part: MicroResult): MicroResult {
  return { name, does, rounds: whole.rounds.map((value, i) => value - (part.rounds[i] ?? Number.NaN)) };
}
