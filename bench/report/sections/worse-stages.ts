/** Which stages take longer than the C++ design names, by how much at most, and why. */
import type { StageTime, TimedScenario } from '../../laboratory/results.ts';
import { designOf } from '../../latency/tables.ts';
import { enumerate, list } from '../markdown.ts';
import { milliseconds, ratio } from '../numbers.ts';

/** Why a stage is slow whenever it runs. */
const AT_P50: Readonly<Record<string, string>> = {
  accept:
    'Node.js makes a handle and a JavaScript object of each socket, and the server enters it into its tables ' +
    'of limits and deadlines. That is processor time of one thread, once for each connection. Where few ' +
    'connections were timed, V8 has not even compiled this code.',
  middleware:
    'it makes the objects of request and response, which the design does not count here, and runs CORS, ' +
    'identification and security headers. Most of it is the check of the token, where there is one. At this ' +
    'rate much of its code and data has left the caches of the processor between two requests.',
  controller: 'it checks the body against its schema and waits its turn behind other requests of its worker.',
  response: 'a large body is compressed, and all of it is encoded into memory that both threads share.',
  write:
    'it is the system call, in which the kernel brings the answer to the socket of the client on the same ' +
    'machine and wakes the client.',
};

/** What is true of all stages. */
const AT_P99 =
  'client, database and all threads of the server share the processors of this machine. A thread that has to ' +
  'leave one in the middle of a stage, or collects garbage there, makes that stage longer.';

interface Worse {
  readonly stage: string;
  readonly scenarios: readonly string[];
  readonly most: number;
  readonly design: number;
}

/** @returns undefined if no stage is worse */
export function worseStages(scenarios: readonly TimedScenario[]): string | undefined {
  const atP50 = worseBy(scenarios, ({ p50Ms }) => p50Ms);
  const known = new Set(atP50.map(({ stage }) => stage));
  const atP99 = worseBy(scenarios, ({ p99Ms }) => p99Ms).filter(({ stage }) => !known.has(stage));
  const lines = [
    ...atP50.map((worse) => `${describe(worse, 'p50')}: ${AT_P50[worse.stage] ?? AT_P99}`),
    ...(atP99.length === 0 ? [] : [`${enumerate(atP99.map((worse) => describe(worse, 'p99')))}: ${AT_P99}`]),
  ];
  return lines.length === 0 ? undefined : `Why it is worse, where it is:\n\n${list(lines)}`;
}

function worseBy(scenarios: readonly TimedScenario[], value: (time: StageTime) => number): Worse[] {
  const times = scenarios.flatMap(({ name, stages }) => stages.map((time) => ({ name, time })));
  return [...Map.groupBy(times, ({ time }) => time.stage)].flatMap(([stage, all]) => {
    const design = designOf(stage)?.most;
    if (design === undefined) return [];
    const worse = all.filter(({ time }) => value(time) > design);
    if (worse.length === 0) return [];
    const most = Math.max(...worse.map(({ time }) => value(time)));
    return [{ stage, scenarios: worse.map(({ name }) => name), most, design }];
  });
}

function describe({ stage, scenarios, most, design }: Worse, quantile: string): string {
  return `${stage} (${quantile} up to ${milliseconds(most)}, ${ratio(most / design)} times the design’s, in ${enumerate(scenarios)})`;
}
