/** Makes the files of the report from a run. The same run makes the same bytes. */
import type { Run } from '../laboratory/results.ts';
import { svgOf } from './chart/svg.ts';
import { THEMES } from './chart/theme.ts';
import { withDistinctNames } from './distinct-names.ts';
import { explain, type Facts, readExplanations } from './explanations.ts';
import { introduction, repetition } from './frame.ts';
import { paragraphs } from './markdown.ts';
import { pictureOf } from './picture.ts';
import type { Section, SectionContent } from './section.ts';
import { sectionsOf } from './sections.ts';

/** Raised whenever a reader of an older report.json would misunderstand a newer one. */
const FORMAT = 1;

export interface FilledSection extends Omit<Section, 'content'> {
  readonly content: SectionContent | undefined;
}

/** @param explanations the text of explanations.md @returns the contents of the files by their names */
export async function makeReport(run: Run, explanations: string): Promise<ReadonlyMap<string, string>> {
  const sections = fillSections(run);
  const files = new Map<string, string>();
  for (const chart of sections.flatMap(({ content }) => content?.charts ?? [])) {
    for (const theme of THEMES) files.set(`${chart.name}${theme.suffix}.svg`, await svgOf(chart, theme));
  }
  files.set('report.md', markdownOf(run, sections, explanations));
  files.set('report.json', jsonOf(run, sections));
  return files;
}

/** The Markdown alone. */
export function makeMarkdown(run: Run, explanations: string): string {
  return markdownOf(run, fillSections(run), explanations);
}

/** Every section with its content, or undefined where the run has none. */
export function fillSections(run: Run): FilledSection[] {
  const named = withDistinctNames(run);
  return sectionsOf(named).map(({ name, title, ...section }) => ({
    name,
    title,
    content: section.content(named),
  }));
}

function markdownOf(run: Run, sections: readonly FilledSection[], explanations: string): string {
  const explanationOf = readExplanations(explanations);
  const facts: Facts = Object.fromEntries(sections.map(({ name, content }) => [name, content?.data]));
  const texts = sections.map(({ name, title, content }) =>
    paragraphs(
      `## ${title}`,
      ...(content === undefined
        ? ['Not measured in this run.']
        : [
            ...content.charts.map((chart) => pictureOf(chart)),
            content.markdown,
            explain(explanationOf.get(name) ?? '', facts),
          ]),
    ),
  );
  return `${paragraphs(introduction(run), ...texts, repetition(run))}\n`;
}

function jsonOf(run: Run, sections: readonly FilledSection[]): string {
  const { version, commit, dirty, startedAt, finishedAt, command, machine } = run;
  const report = {
    format: FORMAT,
    run: { version, commit, dirty, startedAt, finishedAt, command, machine },
    sections: sections.map(({ name, title, content }) => ({
      name,
      title,
      measured: content !== undefined,
      charts: content?.charts ?? [],
      data: content?.data,
    })),
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}
