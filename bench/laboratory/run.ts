/** A run of the laboratory: its scenarios one after the other, and the file of results. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BUNDLE } from '../arms/arm.ts';
import { Workshop } from '../arms/workshop.ts';
import { Budget, type ScenarioCost } from './budget.ts';
import { OpenLoopProcess } from './load/open-loop/open-loop-process.ts';
import { describeMachine, describeSources } from './machine.ts';
import type { ChosenScenario, LaboratoryOptions } from './options.ts';
import type { Progress } from './progress.ts';
import { seededRandom } from './random.ts';
import { type CoreStages, FORMAT, type LatencyResult, type Run } from './results.ts';
import { runScenario, type ScenarioOptions } from './run-scenario.ts';

export interface RunOptions
  extends Omit<LaboratoryOptions, 'latency'>,
    Pick<ScenarioOptions, 'progress' | 'seeding'> {
  readonly progress: Progress;
  /** As it can be repeated. */
  readonly command: string;
  /** Measured after the scenarios (bench/latency). */
  readonly measureLatency?: () => Promise<LatencyResult>;
  /** And after that (bench/stages). */
  readonly measureCoreStages?: () => Promise<CoreStages>;
  /** How long both take, and what the caller does with the results. */
  readonly reservedSeconds?: number;
  /** The bundle, unless a test serves the sources. */
  readonly entry?: string;
}

export interface FinishedRun {
  readonly run: Run;
  /** Path of the file that holds it. */
  readonly file: string;
  /** Names of scenarios, and of what comes after them, that have no result. */
  readonly failed: readonly string[];
}

/** Nobody minds a run that takes a little longer. */
const TOLERANCE = 1.1;
const RESULTS = join(import.meta.dirname, '../results');

export async function runLaboratory(options: RunOptions): Promise<FinishedRun> {
  using workshop = new Workshop();
  await using generator = await OpenLoopProcess.start();
  const { scenarios, blocks, seed, progress, entry = BUNDLE } = options;
  const budget = new Budget({ reservedSeconds: 0, ...options, now: () => performance.now() });
  const random = seededRandom(seed);
  const costs = scenarios.map(costOf);
  const startedAt = new Date();
  const file = options.out ?? join(RESULTS, `raw-${startedAt.toISOString().replaceAll(':', '-')}.json`);
  const base = {
    format: FORMAT,
    ...describeSources(),
    startedAt: startedAt.toISOString(),
    command: options.command,
    seed,
    rounds: blocks.rounds,
    seconds: budget.blockSeconds(costs),
    machine: describeMachine(),
  } satisfies Omit<Run, 'scenarios' | 'finishedAt'>;
  noteIfTooLong(options, budget.expectedSeconds(costs, base.seconds));
  const finished: Run['scenarios'] = [];
  let latency: LatencyResult | undefined;
  let coreStages: CoreStages | undefined;
  // Kept after each scenario, so an interrupted run has left something.
  const keep = (): Run => {
    const finishedAt = new Date().toISOString();
    const run: Run = {
      ...base,
      finishedAt,
      scenarios: [...finished],
      ...(latency && { latency }),
      ...(coreStages && { coreStages }),
    };
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${JSON.stringify(run, null, 1)}\n`);
    return run;
  };
  for (const [index, { scenario, arms }] of scenarios.entries()) {
    const left = costs.slice(index);
    const blockSeconds = budget.blockSeconds(left);
    progress.scenario(scenario.name, index + 1, scenarios.length, budget.expectedSeconds(left, blockSeconds));
    finished.push(
      await runScenario(scenario, {
        ...options,
        arms,
        random,
        entry,
        workshop,
        generator,
        seconds: blockSeconds,
      }),
    );
    keep();
  }
  const failed = finished.filter(({ failure }) => failure !== undefined).map(({ name }) => name);
  // Half an hour of measurements is behind these, of which a report can be made nevertheless.
  const attempt = async <Result>(name: string, measure?: () => Promise<Result>) => {
    try {
      return await measure?.();
    } catch (error) {
      failed.push(name);
      progress.note(`${name} has failed: ${error instanceof Error ? error.stack : error}`);
      return undefined;
    }
  };
  latency = await attempt('latency', options.measureLatency);
  keep();
  coreStages = await attempt('stages', options.measureCoreStages);
  return { run: keep(), file, failed };
}

/** Blocks have a least length, so a budget may be too small. */
function noteIfTooLong({ minutes, seconds, progress }: RunOptions, expectedSeconds: number): void {
  const expectedMinutes = expectedSeconds / 60;
  if (seconds !== undefined || expectedMinutes <= minutes * TOLERANCE) return;
  progress.note(`This takes about ${Math.ceil(expectedMinutes)} minutes: there is too much for ${minutes}.`);
}

function costOf({ scenario, arms }: ChosenScenario): ScenarioCost {
  const { leastSeconds = 0, secondsAfterRound = 0 } = scenario;
  return { arms: arms.length, leastSeconds, secondsAfterRound };
}
