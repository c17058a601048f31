/**
 * Divides the turn of a worker into parse, match, handler with the encoding of the response, and the rest:
 * taking the connection, its state, the ring and the clock. The parts are timed alone, so their sum can be
 * compared with the turn.
 */
import { join } from 'node:path';
import { estimate, estimateRatio } from '../../laboratory/bootstrap.ts';
import type { CoreStages, Estimate } from '../../laboratory/results.ts';
import { ManagedProcess } from '../../processes/managed-process.ts';
import { ScratchDirectory } from '../../processes/scratch-directory.ts';
import { bundleAsServed } from '../bundle-as-served.ts';
import type { MeasureOptions } from '../measure-cores.ts';
import { TURN_CASES } from './cases.ts';
import type { TurnReport } from './turn-process.ts';

const KINDS = ['wasm', 'js', 'replay'] as const;
type Reports = Readonly<Record<(typeof KINDS)[number], TurnReport[]>>;

const SCRIPT = join(import.meta.dirname, 'turn-process.ts');
/** The plain application wants a secret. No case uses it. */
const ENVIRONMENT = { JWT_SECRET: 'of no request that is timed here' };
/** Each has three processes. */
const MOST_ROUNDS = 3;

export async function measureTurns(options: MeasureOptions): Promise<NonNullable<CoreStages['turns']>> {
  const reports: Reports = { wasm: [], js: [], replay: [] };
  using directory = new ScratchDirectory();
  const script = join(directory.path, 'turn-process.mjs');
  await bundleAsServed(SCRIPT, script);
  const rounds = Math.min(options.rounds, MOST_ROUNDS);
  for (let round = 0; round < rounds; round += 1) {
    options.note(`turns of a worker, round ${round + 1} of ${rounds}`);
    for (const kind of round % 2 === 0 ? KINDS : KINDS.toReversed()) {
      await using child = await ManagedProcess.start(
        process.execPath,
        [script, kind, `${options.milliseconds}`],
        { env: { ...process.env, ...ENVIRONMENT } },
      );
      reports[kind].push(JSON.parse(await child.output()));
    }
  }
  return TURN_CASES.map(({ name }) => turnOf(name, reports));
}

function turnOf(name: string, { wasm, js, replay }: Reports): NonNullable<CoreStages['turns']>[number] {
  const values = (reports: readonly TurnReport[], part: keyof TurnReport): number[] =>
    reports.map((report) => report[part][name] ?? Number.NaN);
  const handlerNanoseconds = estimate(values(replay, 'handler'));
  const restNanoseconds = estimate(
    replay.map(({ turn, handler }) => (turn[name] ?? Number.NaN) - (handler[name] ?? Number.NaN)),
  );
  const partsOf = (reports: readonly TurnReport[]) => {
    const [turnNanoseconds, parseNanoseconds, matchNanoseconds] = [
      estimate(values(reports, 'turn')),
      estimate(values(reports, 'parse')),
      estimate(values(reports, 'match')),
    ];
    const parts = [parseNanoseconds, matchNanoseconds, handlerNanoseconds, restNanoseconds];
    return { turnNanoseconds, parseNanoseconds, matchNanoseconds, sumNanoseconds: sumOf(parts) };
  };
  return {
    name,
    handlerNanoseconds,
    restNanoseconds,
    wasm: partsOf(wasm),
    js: partsOf(js),
    gain: estimateRatio(values(js, 'turn'), values(wasm, 'turn')),
  };
}

function sumOf(parts: readonly Estimate[]): number {
  return parts.reduce((sum, { median }) => sum + median, 0);
}
