/**
 * Runs one scenario: starts its arms, makes sure that they are equal, measures them in interleaved rounds and
 * at fixed rates, and derives medians and ratios.
 */
import type { Arm } from '../arms/arm.ts';
import { UnavailableError } from '../arms/unavailable.ts';
import type { Workshop } from '../arms/workshop.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { median } from './bootstrap.ts';
import { type Blocks, WARM_UP_SECONDS } from './budget.ts';
import { ratiosTo, summarizeFixedRates, summarizeRounds } from './derive.ts';
import { type Environment, findArm, openEnvironment } from './environment.ts';
import { assertSameAnswers } from './equality/answers.ts';
import { assertEqualArms, type Equality } from './equality/equal-arms.ts';
import { LOAD_GENERATOR } from './load/closed-loop.ts';
import type { OpenLoopProcess } from './load/open-loop/open-loop-process.ts';
import type { LoadRequest } from './load/request.ts';
import { type Block, measureFixedRate, measureRound } from './measure.ts';
import type { Progress } from './progress.ts';
import { type Random, shuffled } from './random.ts';
import {
  FASTIFY_ARM,
  type FixedRate,
  OUR_ARM,
  type Round,
  type ScenarioResult,
  type SkippedArm,
} from './results.ts';
import { memoryAtRest, type StartedArm, startArm } from './started-arm.ts';
import { warningsOf } from './warnings.ts';

export interface ScenarioOptions {
  /** Names of arms. */
  readonly arms: readonly string[];
  readonly blocks: Blocks;
  readonly seconds: number;
  readonly random: Random;
  readonly entry: string;
  readonly workshop: Workshop;
  readonly generator: OpenLoopProcess;
  readonly progress: Progress;
  /** Fewer users and VMs than a run has, for tests. */
  readonly seeding?: { readonly users: number; readonly vmsOfEach: number };
}

export const SHARES_OF_CAPACITY = [0.5, 0.8] as const;
/** Requests of the load whose answers are compared before it. */
const SAMPLE = 25;

interface Measured {
  readonly started: StartedArm;
  readonly rounds: Round[];
  readonly fixedRates: FixedRate[];
}

/** Never rejects because of an arm: what goes wrong is the `failure` of the result. */
export async function runScenario(scenario: Scenario, options: ScenarioOptions): Promise<ScenarioResult> {
  const startedAt = new Date().toISOString();
  const skipped: SkippedArm[] = Object.entries(scenario.arms.without)
    .filter(([name]) => !options.arms.includes(name))
    .map(([name, reason]) => ({ name, reason }));
  const base = {
    name: scenario.name,
    about: scenario.about,
    startedAt,
    generator: LOAD_GENERATOR,
    connections: scenario.connections,
    pipelining: scenario.pipelining ?? 1,
    remarks: [...(scenario.remarks ?? []), ...remarksOfGenerator()],
    figures: [
      ...(scenario.beside === undefined ? [] : [scenario.beside.figure]),
      ...(scenario.further?.figures ?? []),
    ],
    skipped,
  };
  try {
    const measured = await measureScenario(scenario, options, skipped);
    return { ...base, ...measured, finishedAt: new Date().toISOString() };
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error);
    options.progress.note(`${scenario.name} has failed: ${failure}`);
    const nothing = { verified: [], differences: [], warnings: [], arms: [], ratios: [] };
    return { ...base, ...nothing, failure, finishedAt: new Date().toISOString() };
  }
}

async function measureScenario(scenario: Scenario, options: ScenarioOptions, skipped: SkippedArm[]) {
  await using resources = new AsyncDisposableStack();
  const arms = options.arms.map((name) => armOf(scenario, name));
  const environment = resources.use(await openEnvironment(scenario, arms, options.seeding));
  const started = await startAll(arms, environment, options, resources, skipped);
  if (started.length === 0) throw new Error('none of its arms is available');
  options.progress.step('compares answers');
  const requests = scenario.requests(environment.world);
  const equality = await verify(scenario, started, environment, requests);
  const rest = await memoryAtRest(started);
  const measured = await measureAll(scenario, options, environment, started, requests);
  const results = measured.map(({ started: { arm, firstAnswerMs }, rounds, fixedRates }) => ({
    name: arm.name,
    description: arm.description,
    processes: arm.processes,
    threads: arm.threads,
    memoryAtRestMb: rest.get(arm.name) ?? 0,
    firstAnswerMs,
    rounds,
    fixedRates,
    summary: summarizeRounds(rounds),
    fixedRateSummaries: summarizeFixedRates(fixedRates),
  }));
  return {
    verified: [...equality.verified],
    differences: [...equality.differences],
    warnings: warningsOf(results),
    arms: results,
    ratios: ratiosTo([FASTIFY_ARM, OUR_ARM], results),
  };
}

function armOf(scenario: Scenario, name: string): Arm {
  const arm = findArm(scenario, name);
  if (arm === undefined) throw new Error(`${scenario.name} has no arm ${name}`);
  return arm;
}

/** One after the other, because they would slow each other down. */
async function startAll(
  arms: readonly Arm[],
  environment: Environment,
  { entry, workshop, progress }: ScenarioOptions,
  resources: AsyncDisposableStack,
  skipped: SkippedArm[],
): Promise<StartedArm[]> {
  const started: StartedArm[] = [];
  for (const arm of arms) {
    progress.step(`starts ${arm.name}`);
    try {
      const surroundings = { workshop, entry, environment: environment.settingsOf(arm) };
      const one = await startArm(arm, surroundings, environment.firstRequest);
      resources.use(one.server);
      started.push(one);
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
      skipped.push({ name: arm.name, reason: error.message });
      progress.note(`${arm.name} is skipped: ${error.message}`);
    }
  }
  return started;
}

/** @throws DifferentAnswersError */
async function verify(
  scenario: Scenario,
  started: readonly StartedArm[],
  environment: Environment,
  requests: readonly LoadRequest[],
): Promise<Equality> {
  const [first] = requests;
  if (first === undefined) throw new Error(`${scenario.name} has no requests`);
  const servers = started.map(({ server }) => server);
  const equality = await assertEqualArms(servers, first, scenario.closes ?? false);
  const step = Math.ceil(requests.length / SAMPLE);
  const sample = requests.filter((_, index) => index % step === 0);
  const compared = [...sample, ...(scenario.alsoCompared?.(environment.world) ?? [])];
  await assertSameAnswers(servers, compared, scenario.normalize);
  for (const { arm } of started) await environment.cleanUp(arm.name);
  return {
    ...equality,
    verified: [`the same answers to ${compared.length} requests`, ...equality.verified],
  };
}

async function measureAll(
  scenario: Scenario,
  { blocks, seconds, random, generator, progress }: ScenarioOptions,
  environment: Environment,
  started: readonly StartedArm[],
  requests: readonly LoadRequest[],
): Promise<Measured[]> {
  const measured = started.map((one) => ({
    started: one,
    rounds: [] as Round[],
    fixedRates: [] as FixedRate[],
  }));
  const { leastSeconds = 0 } = scenario;
  const block: Block = { scenario, environment, requests, seconds: Math.max(seconds, leastSeconds) };
  const interleaved = async (times: number, what: string, measure: (one: Measured) => Promise<void>) => {
    for (let time = 1; time <= times; time += 1) {
      for (const one of shuffled(measured, random)) {
        progress.step(`${what} ${time} of ${times}, ${one.started.arm.name}`);
        await measure(one);
      }
    }
  };
  await interleaved(blocks.warmUps, 'warm-up', (one) => warmUp(one.started, block));
  await interleaved(blocks.rounds, 'round', async (one) => {
    one.rounds.push(await twice(() => measureRound(one.started, block), progress));
  });
  const capacity = Math.min(...measured.map(({ rounds }) => median(rounds.map(goodRate))));
  for (const shareOfCapacity of SHARES_OF_CAPACITY) {
    const rate = capacity * shareOfCapacity;
    const what = `${(shareOfCapacity * 100).toFixed(0)} % of the slowest arm's rate, block`;
    await interleaved(blocks.fixedRates / SHARES_OF_CAPACITY.length, what, async (one) => {
      const fixedRateBlock = { ...block, generator, rate, shareOfCapacity };
      one.fixedRates.push(await twice(() => measureFixedRate(one.started, fixedRateBlock), progress));
    });
  }
  return measured;
}

/** A server whose code is cold may answer nothing within a short block. Its first round will tell. */
async function warmUp(started: StartedArm, block: Block): Promise<void> {
  const { further: _, ...scenario } = block.scenario;
  await measureRound(started, { ...block, scenario, seconds: WARM_UP_SECONDS }).catch(() => undefined);
}

/** The machine may have been away for a whole block. So a block that fails is measured once more. */
async function twice<Result>(measure: () => Promise<Result>, progress: Progress): Promise<Result> {
  try {
    return await measure();
  } catch (error) {
    progress.note(`once more, because ${error instanceof Error ? error.message : error}`);
    return await measure();
  }
}

function goodRate({ requestsPerSecond, requests, errors }: Round): number {
  return (requestsPerSecond * (requests - errors)) / requests;
}

function remarksOfGenerator(): string[] {
  if (LOAD_GENERATOR === 'wrk') return [];
  return ['wrk is not installed. autocannon made the load, which saturates before this server does.'];
}
