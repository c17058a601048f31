/** The command line of the laboratory: which scenarios, which arms, and how long. */
import { parseArgs } from 'node:util';
import { CLOUDVM_ARM_NAMES } from '../arms/cloudvm-arms.ts';
import { PLAIN_ARM_NAMES } from '../arms/plain-arms.ts';
import { DEFAULT_WORKERS } from '../arms/this-server.ts';
import { SCENARIOS } from '../scenarios/index.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { UsageError } from '../usage-error.ts';
import type { Blocks } from './budget.ts';
import { findArm } from './environment.ts';

export interface LaboratoryOptions {
  readonly scenarios: readonly ChosenScenario[];
  readonly blocks: Blocks;
  readonly minutes: number;
  /** Of each block. undefined if the minutes decide. */
  readonly seconds: number | undefined;
  readonly seed: number;
  /** Path of the file of results. undefined for the usual one. */
  readonly out: string | undefined;
  readonly json: boolean;
  /** Whether stages are timed after the scenarios (bench/latency, bench/stages): in a whole run. */
  readonly latency: boolean;
  /** Whether a report of the results is made. */
  readonly report: boolean;
}

export interface ChosenScenario {
  readonly scenario: Scenario;
  readonly arms: readonly string[];
}

const FULL = { warmUps: 2, rounds: 6, fixedRates: 4, minutes: 41, minutesOfNamed: 2 };
const QUICK = {
  ...{ warmUps: 1, rounds: 3, fixedRates: 2, minutes: 5, minutesOfNamed: 0.5 },
  arms: ['wasm', 'fastify'],
};
const MOST_SEED = 2 ** 31;
const THIS_SERVER = /^(wasm|js)(?:-\d+)?$/;

/** @returns undefined if help was asked for. @throws UsageError */
export function readLaboratoryOptions(parameters: readonly string[]): LaboratoryOptions | undefined {
  const { values, positionals } = parseArgs({
    args: [...parameters],
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      arms: { type: 'string' },
      workers: { type: 'string' },
      connections: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      minutes: { type: 'string' },
      seed: { type: 'string' },
      out: { type: 'string' },
      json: { type: 'boolean', default: false },
      report: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const preset = values.quick ? QUICK : FULL;
  const named = positionals.length === 0 ? SCENARIOS : positionals.map(scenarioNamed);
  const scenarios = named.flatMap((scenario) => withConnections(scenario, values.connections));
  const wanted = values.arms?.split(',') ?? (values.quick ? QUICK.arms : undefined);
  const chosen = scenarios.flatMap((scenario) => {
    const arms = withWorkers(armsFor(scenario, wanted), values.workers);
    return arms.length === 0 ? [] : [{ scenario, arms }];
  });
  const usualMinutes = positionals.length === 0 ? preset.minutes : preset.minutesOfNamed * scenarios.length;
  if (chosen.length === 0) throw new UsageError(`no scenario here has the arm ${wanted?.join(' or ')}`);
  return {
    scenarios: chosen,
    blocks: {
      warmUps: preset.warmUps,
      rounds: number('rounds', values.rounds, preset.rounds, 1, 100),
      fixedRates: preset.fixedRates,
    },
    minutes: number('minutes', values.minutes, usualMinutes, 0.1, 24 * 60),
    seconds: values.seconds === undefined ? undefined : number('seconds', values.seconds, 1, 0.1, 600),
    seed: number('seed', values.seed, Math.floor(Math.random() * MOST_SEED), 0, MOST_SEED),
    out: values.out,
    json: values.json,
    latency: positionals.length === 0 && !values.quick,
    report: values.report,
  };
}

export function describeLaboratory(): string {
  const scenarios = SCENARIOS.map(({ name, about }) => `  ${name.padEnd(22)} ${about}`);
  return [
    'npm run bench -- [scenario…] [options]',
    '',
    ...scenarios,
    '',
    `  --arms a,b         of the plain application: ${PLAIN_ARM_NAMES.join(', ')}.`,
    `                     Of the API: ${CLOUDVM_ARM_NAMES.join(', ')}. wasm-4 has 4 workers`,
    '  --workers 1,8      this server with so many workers, each number as an arm (8)',
    '  --connections 1,64 instead of those of the scenario, each number as a scenario',
    `  --rounds N         of each arm (${FULL.rounds})`,
    `  --minutes N        that the whole run may take, with what comes after the scenarios`,
    `                     (${FULL.minutes}, or ${FULL.minutesOfNamed} for each scenario that is named)`,
    '  --seconds N        of each block, whatever that takes in all',
    `  --quick            ${QUICK.arms.join(' and ')} alone, in ${QUICK.minutes} minutes`,
    '  --seed N           of the order of the blocks',
    '  --out FILE         where the results go (bench/results/raw-DATE.json)',
    '  --json             prints the results as well',
    '  --report           makes the report of them, as npm run bench:report does',
    '',
  ].join('\n');
}

function scenarioNamed(name: string): Scenario {
  const scenario = SCENARIOS.find((candidate) => candidate.name === name);
  if (scenario !== undefined) return scenario;
  throw new UsageError(`there is no scenario ${name}: see npm run bench -- --help`);
}

function withConnections(scenario: Scenario, text: string | undefined): Scenario[] {
  if (text === undefined) return [scenario];
  return text
    .split(',')
    .map((count) => ({ ...scenario, connections: whole('connections', count, 1, 10_000) }));
}

/** Those of the scenario, or those of the wanted ones that serve its application. */
function armsFor(scenario: Scenario, wanted: readonly string[] | undefined): readonly string[] {
  if (wanted === undefined) return scenario.arms.names;
  const unknown = wanted.find(
    (name) => !['plain', 'cloudvm'].some((application) => isArm(name, application)),
  );
  if (unknown !== undefined) throw new UsageError(`there is no arm ${unknown}: see npm run bench -- --help`);
  return wanted.filter((name) => isArm(name, scenario.application) && !(name in scenario.arms.without));
}

function isArm(name: string, application: string): boolean {
  if (application !== 'plain' && application !== 'cloudvm') return false;
  return findArm({ application }, name) !== undefined;
}

function withWorkers(arms: readonly string[], text: string | undefined): readonly string[] {
  if (text === undefined) return arms;
  const counts = text.split(',').map((count) => whole('workers', count, 1, 64));
  const expanded = arms.flatMap((name) => {
    const core = THIS_SERVER.exec(name)?.[1];
    return core === undefined
      ? [name]
      : counts.map((count) => (count === DEFAULT_WORKERS ? core : `${core}-${count}`));
  });
  return [...new Set(expanded)];
}

function whole(name: string, text: string, least: number, most: number): number {
  const value = number(name, text, least, least, most);
  if (Number.isInteger(value)) return value;
  throw new UsageError(`--${name} is a whole number, not "${text}"`);
}

function number(
  name: string,
  text: string | undefined,
  fallback: number,
  least: number,
  most: number,
): number {
  if (text === undefined) return fallback;
  const value = /^\d{1,10}(\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new UsageError(`--${name} is a number from ${least} to ${most}, not "${text}"`);
}
