import { describe, expect, test } from 'vitest';
import { explain, readExplanations } from '../../../bench/report/explanations.ts';
import { makeMarkdown } from '../../../bench/report/make-report.ts';
import { exampleRun, sectionOf } from './support.ts';

const FACTS = { health: { ratios: { 'wasm/fastify': { median: 1.4, low: 1.33 } } } };
const MEDIAN = 'health.ratios.wasm/fastify.median';

describe('an explanation', () => {
  test('is read by the name of its section', () => {
    const explanations = readExplanations(
      '<!-- for authors -->\n\n## health\n\nOne.\n\nTwo.\n\n## cores\n\nThree.\n',
    );
    expect([...explanations]).toEqual([
      ['health', 'One.\n\nTwo.'],
      ['cores', 'Three.'],
    ]);
  });

  test('has its numbers from the run', () => {
    expect(explain(`It is {{${MEDIAN}}}.`, FACTS)).toBe('It is 1.40.');
  });

  test('says where there is no number', () => {
    for (const path of [
      'health',
      'health.ratios',
      'health.ratios.x.median',
      'health.constructor.length',
      'x',
    ]) {
      expect(explain(`{{${path}}}`, FACTS)).toBe('(not measured)');
    }
  });

  test('has a claim that is checked', () => {
    expect(explain(`<!-- claim: ${MEDIAN} > 1 -->`, FACTS)).toBe(
      `*Checked against this run: \`${MEDIAN} > 1\` (1.40 > 1.00).*`,
    );
    expect(explain(`<!-- claim: ${MEDIAN} < 1 -->`, FACTS)).toContain(
      '**This run contradicts the words above',
    );
    expect(explain('<!-- claim: health.ratios.wasm/fastify.low <= 1.33 -->', FACTS)).toContain('Checked');
    expect(explain(`<!-- claim: ${MEDIAN} >= health.ratios.wasm/fastify.low -->`, FACTS)).toContain(
      'Checked',
    );
    expect(explain('<!-- claim: vm-read.x > 1 -->', FACTS)).toContain('Not checked');
  });

  test('stands in its section of the report', () => {
    const explanations = `## health\n\nBecause of this.\n<!-- claim: ${MEDIAN.replace('.median', '.requestsPerSecond.low')} > 1 -->\n`;
    const markdown = makeMarkdown(exampleRun(), explanations);
    const section = sectionOf(markdown, 'Scenario health');
    expect(section).toContain('Because of this.\n*Checked against this run');
  });
});
