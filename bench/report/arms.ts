/** Finds arms and ratios of a scenario, and names arms as a reader knows them. */
import {
  type ArmResult,
  type Estimate,
  FASTIFY_ARM,
  OUR_ARM,
  type Ratio,
  type ScenarioResult,
} from '../laboratory/results.ts';
import type { Emphasis } from './chart/theme.ts';

export type { Estimate, ScenarioResult };
export { FASTIFY_ARM, OUR_ARM };

export const OUR_NAME = 'CloudVM backend';

const CORES: Readonly<Record<string, string>> = { wasm: '', js: 'JS core' };
const VARIANT = /^(wasm|js)(?:-(\d+))?$/;

const OTHERS: Readonly<Record<string, string>> = {
  [FASTIFY_ARM]: 'Fastify',
  'fastify-batched': 'Fastify (batched reads)',
  'fastify-cluster': 'Fastify cluster of 8',
  'node-http': 'node:http',
  bun: 'Bun',
  'cpp-httplib': 'C++ pool of 8',
  epoll: 'C++ epoll loop',
};

export function labelOf(arm: string): string {
  if (arm === OUR_ARM) return OUR_NAME;
  const [, core, workers] = VARIANT.exec(arm) ?? [];
  if (core === undefined) return OTHERS[arm] ?? arm;
  const words = [CORES[core] ?? core, workersOf(workers)].filter((word) => word !== '');
  return `CloudVM (${words.join(', ')})`;
}

function workersOf(count: string | undefined): string {
  if (count === undefined) return '';
  return count === '1' ? '1 worker' : `${count} workers`;
}

export function emphasisOf(arm: string): Emphasis {
  if (arm === OUR_ARM) return 'ours';
  return VARIANT.test(arm) ? 'variant' : 'other';
}

export function scenarioOf(scenarios: readonly ScenarioResult[], name: string): ScenarioResult | undefined {
  return scenarios.find((scenario) => scenario.name === name && scenario.arms.length > 0);
}

export function armOf(scenario: ScenarioResult, name: string): ArmResult | undefined {
  return scenario.arms.find((arm) => arm.name === name);
}

/** This server, its variants, then the others. */
export function sortedArms({ arms }: ScenarioResult): ArmResult[] {
  const order: readonly Emphasis[] = ['ours', 'variant', 'other'];
  return arms.toSorted(
    (one, other) => order.indexOf(emphasisOf(one.name)) - order.indexOf(emphasisOf(other.name)),
  );
}

export function ratioOf(scenario: ScenarioResult, of: string, to: string): Ratio | undefined {
  return scenario.ratios.find((ratio) => ratio.of === of && ratio.to === to);
}

/** Of a to b, made from b to a. */
export function inverse({ median, low, high }: Estimate): Estimate {
  return { median: 1 / median, low: 1 / high, high: 1 / low };
}

export const ONE: Estimate = { median: 1, low: 1, high: 1 };

/** Where the interval of a ratio lies. 'level' if it has 1 in it. */
export type Standing = 'more' | 'level' | 'less';

export function standing({ low, high }: Estimate): Standing {
  if (low > 1) return 'more';
  return high < 1 ? 'less' : 'level';
}
