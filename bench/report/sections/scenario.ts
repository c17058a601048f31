/** One scenario: a table of its arms, and what it means. */
import type { ArmResult, Ratio, ScenarioResult } from '../../laboratory/results.ts';
import { escapeMarkdown } from '../escape.ts';
import { capitalized, list, paragraphs } from '../markdown.ts';
import type { Section } from '../section.ts';
import { costTable, latencyTable } from './scenario-table.ts';
import { meaningOf } from './scenario-words.ts';

export function scenarioSection(scenario: ScenarioResult): Section {
  return {
    name: scenario.name,
    title: `Scenario ${scenario.name}`,
    content: () => ({ charts: [], markdown: markdownOf(scenario), data: dataOf(scenario) }),
  };
}

function markdownOf(scenario: ScenarioResult): string {
  return paragraphs(
    escapeMarkdown(`${withPeriod(capitalized(scenario.about))} ${loadOf(scenario)}`),
    failureOf(scenario),
    scenario.arms.length > 0 ? costTable(scenario) : undefined,
    scenario.arms.length > 0 ? latencyTable(scenario) : undefined,
    meaningOf(scenario),
    notes('Warnings', scenario.warnings),
    notes('Remarks', scenario.remarks),
    notes('What differs between the servers', scenario.differences),
    notes(
      'Not measured',
      scenario.skipped.map(({ name, reason }) => `${name}: ${reason}`),
    ),
    scenario.verified.length === 0
      ? undefined
      : escapeMarkdown(
          `Equal on all of them, checked before the first block: ${scenario.verified.join('; ')}.`,
        ),
  );
}

function withPeriod(sentence: string): string {
  return sentence.endsWith('.') ? sentence : `${sentence}.`;
}

function loadOf({ connections, pipelining, generator }: ScenarioResult): string {
  const together = pipelining > 1 ? `, ${pipelining} requests at once on each` : '';
  return `${connections} connections${together}, load by ${generator}.`;
}

function failureOf({ failure }: ScenarioResult): string | undefined {
  return failure === undefined ? undefined : `**It failed:** ${escapeMarkdown(failure)}`;
}

function notes(title: string, texts: readonly string[]): string | undefined {
  return texts.length === 0 ? undefined : `${title}:\n\n${list(texts)}`;
}

function dataOf({ about, connections, pipelining, arms, ratios, failure }: ScenarioResult) {
  return {
    about,
    connections,
    pipelining,
    ...(failure !== undefined && { failure }),
    arms: Object.fromEntries(arms.map((arm) => [arm.name, armData(arm)])),
    ratios: Object.fromEntries(ratios.map((ratio) => [`${ratio.of}/${ratio.to}`, ratioData(ratio)])),
  };
}

function armData({ rounds, fixedRates, name, ...rest }: ArmResult) {
  return rest;
}

function ratioData({ of, to, ...rest }: Ratio) {
  return rest;
}
