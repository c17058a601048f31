/** What a scenario means, in sentences that are computed from its numbers. */
import { type ArmResult, OUR_ARM, type ScenarioResult } from '../../laboratory/results.ts';
import { emphasisOf, FASTIFY_ARM, inverse, labelOf, ratioOf, type Standing, standing } from '../arms.ts';
import { escapeMarkdown } from '../escape.ts';
import { enumerate } from '../markdown.ts';
import { grouped, percent, ratio, ratioWithInterval } from '../numbers.ts';

export function meaningOf(scenario: ScenarioResult): string | undefined {
  const sentences = [besideFastify(scenario), besideOthers(scenario), ...doubts(scenario)].filter(
    (sentence) => sentence !== undefined,
  );
  return sentences.length === 0 ? undefined : escapeMarkdown(sentences.join(' '));
}

function besideFastify(scenario: ScenarioResult): string | undefined {
  const found = ratioOf(scenario, OUR_ARM, FASTIFY_ARM);
  if (found === undefined) return undefined;
  const { requestsPerSecond, cpuMicrosecondsPerRequest: cpu } = found;
  const throughput = {
    more: `This server answers ${ratioWithInterval(requestsPerSecond)} times as many requests per second as Fastify`,
    level: `This server and Fastify are level in requests per second: ${ratioWithInterval(requestsPerSecond)}`,
    less: `This server loses to Fastify in requests per second: ${ratioWithInterval(requestsPerSecond)} of them`,
  }[standing(requestsPerSecond)];
  const cost = {
    more: `and takes more CPU time for each: ${ratioWithInterval(cpu)} times`,
    level: `and takes about the same CPU time for each: ${ratioWithInterval(cpu)} times`,
    less: `and takes less CPU time for each: ${ratioWithInterval(cpu)} times`,
  }[standing(cpu)];
  return `${throughput}, ${cost}.`;
}

const WORDS: Readonly<Record<Standing, string>> = {
  more: 'It is ahead of others in requests per second',
  level: 'It is level with others',
  less: 'It is behind others',
};

/** Where it is ahead of the other servers, level with them, and behind. */
function besideOthers(scenario: ScenarioResult): string | undefined {
  const compared = scenario.arms
    .filter(({ name }) => emphasisOf(name) === 'other' && name !== FASTIFY_ARM)
    .flatMap(({ name }) => {
      const found = ratioOf(scenario, name, OUR_ARM);
      return found === undefined ? [] : [{ name, estimate: inverse(found.requestsPerSecond) }];
    });
  const sentences = (['more', 'level', 'less'] as const).flatMap((wanted) => {
    const those = compared.filter(({ estimate }) => standing(estimate) === wanted);
    const named = those.map(({ name, estimate }) => `${ratio(estimate.median)} × ${labelOf(name)}`);
    return those.length === 0 ? [] : [`${WORDS[wanted]}: ${named.join(', ')}.`];
  });
  return sentences.length === 0 ? undefined : sentences.join(' ');
}

/** What the numbers do not show although it looks so. */
function doubts({ arms }: ScenarioResult): string[] {
  const limited = arms.filter(({ rounds }) => rounds.some(({ generatorWasLimit }) => generatorWasLimit));
  const failing = arms.filter(({ rounds }) => rounds.some(({ errors }) => errors > 0));
  return [
    ...(limited.length === 0
      ? []
      : [
          `The load generator was at its limit with ${limited.length === arms.length ? 'every server' : enumerate(limited.map(({ name }) => labelOf(name)))}. What is at that limit may answer more than is shown here.`,
        ]),
    ...failing.map((arm) => `${labelOf(arm.name)} failed ${errorsOf(arm)}.`),
  ];
}

function errorsOf({ rounds }: ArmResult): string {
  const errors = rounds.reduce((sum, round) => sum + round.errors, 0);
  const requests = rounds.reduce((sum, round) => sum + round.requests, 0);
  return `${grouped(errors)} of ${grouped(requests)} requests (${percent(errors / Math.max(requests, 1))})`;
}
