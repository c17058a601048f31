/** A run of the laboratory: its scenarios one after the other, and the file of results. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BUNDLE } from '../arms/arm.ts';
import { Workshop } from '../arms/workshop.ts';
import { Budget } from './budget.ts';
import { OpenLoopProcess } from './load/open-loop/open-loop-process.ts';
import { describeMachine, describeSources } from './machine.ts';
import type { LaboratoryOptions } from './options.ts';
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
  /** The bundle, unless a test serves the sources. */
  readonly entry?: string;
}

export interface FinishedRun {
  readonly run: Run;
  /** Path of the file that holds it. */
  readonly file: string;
}

const RESULTS = join(import.meta.dirname, '../results');

export async function runLaboratory(options: RunOptions): Promise<FinishedRun> {
  using workshop = new Workshop();
  await using generator = await OpenLoopProcess.start();
  const { scenarios, blocks, minutes, seconds, seed, progress, entry = BUNDLE } = options;
  const budget = new Budget({ minutes, seconds, blocks, now: () => performance.now() });
  const random = seededRandom(seed);
  const armCounts = scenarios.map(({ arms }) => arms.length);
  const startedAt = new Date();
  const file = options.out ?? join(RESULTS, `raw-${startedAt.toISOString().replaceAll(':', '-')}.json`);
  const base = {
    format: FORMAT,
    ...describeSources(),
    startedAt: startedAt.toISOString(),
    command: options.command,
    seed,
    rounds: blocks.rounds,
    seconds: budget.blockSeconds(armCounts),
    machine: describeMachine(),
  } satisfies Omit<Run, 'scenarios' | 'finishedAt'>;
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
    const left = armCounts.slice(index);
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
  latency = await options.measureLatency?.();
  keep();
  coreStages = await options.measureCoreStages?.();
  return { run: keep(), file };
}
