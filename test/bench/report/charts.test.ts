import { describe, expect, test } from 'vitest';
import type { Chart } from '../../../bench/report/chart/chart.ts';
import { svgOf } from '../../../bench/report/chart/svg.ts';
import { THEMES } from '../../../bench/report/chart/theme.ts';
import { makeReport } from '../../../bench/report/make-report.ts';
import { exampleRun } from './support.ts';
import { problemOf } from './xml.ts';

const [LIGHT, DARK] = THEMES;
if (LIGHT === undefined || DARK === undefined) throw new Error('there are two themes');

function chart(change: Partial<Chart> = {}): Chart {
  const value = (median: number) => ({
    value: median,
    low: median * 0.9,
    high: median * 1.1,
    text: `${median} ms`,
  });
  return {
    name: 'example',
    title: 'A is faster than B',
    subtitle: 'In milliseconds.',
    panels: [
      { title: 'p50', unit: 'ms', marks: 'bars' },
      { title: 'p99', unit: 'ms', marks: 'points', reference: 2 },
    ],
    groups: [
      {
        title: 'Group',
        rows: [
          { label: 'A', emphasis: 'ours', values: [value(1), value(100)] },
          { label: 'B', emphasis: 'other', values: [value(2), undefined] },
        ],
      },
    ],
    footer: 'a machine',
    ...change,
  };
}

describe('a chart', () => {
  test('is well-formed XML with the words of the chart', async () => {
    const svg = await svgOf(chart(), LIGHT);
    expect(problemOf(svg)).toBeUndefined();
    for (const words of ['A is faster than B', 'In milliseconds.', 'p50', '1 ms', '100 ms', 'a machine']) {
      expect(svg).toContain(`>${words}<`);
    }
  });

  test('says where there is no value', async () => {
    expect(await svgOf(chart(), LIGHT)).toContain('>not measured<');
  });

  test('escapes every text', async () => {
    const hostile = `<script>alert("1")</script> & '`;
    const svg = await svgOf(
      chart({
        title: hostile,
        subtitle: hostile,
        footer: hostile,
        panels: [{ title: hostile, unit: hostile, marks: 'bars' }],
        groups: [
          {
            title: hostile,
            rows: [{ label: hostile, emphasis: 'ours', values: [{ value: 1, text: hostile }] }],
          },
        ],
      }),
      LIGHT,
    );
    expect(problemOf(svg)).toBeUndefined();
    expect(svg).not.toContain('<script');
  });

  test('has the same shape in light and dark', async () => {
    const [light, dark] = [await svgOf(chart(), LIGHT), await svgOf(chart(), DARK)];
    const withoutColors = (svg: string) => svg.replace(/#[0-9a-f]{6}/g, '#');
    expect(dark).toContain(DARK.background);
    expect(withoutColors(dark)).toBe(withoutColors(light));
  });

  test('draws values that are zero or all alike', async () => {
    for (const marks of ['bars', 'points'] as const) {
      for (const value of [0, 5]) {
        const rows = [{ label: 'A', emphasis: 'ours' as const, values: [{ value, text: '' }] }];
        const svg = await svgOf(
          chart({ panels: [{ title: 'p', unit: 'u', marks }], groups: [{ title: '', rows }] }),
          LIGHT,
        );
        expect(problemOf(svg)).toBeUndefined();
        expect(svg).not.toMatch(/NaN|Infinity/);
      }
    }
  });
});

describe('the charts of a report', () => {
  test('are well-formed, and those of the Markdown exist in both themes', async () => {
    const files = await makeReport(exampleRun(), '');
    const shown = [...(files.get('report.md') ?? '').matchAll(/(?:src|srcset)="([^"]*)"/g)].map(
      ([, name]) => name,
    );
    expect(shown).toContain('headline.svg');
    expect(shown).toContain('headline-dark.svg');
    const charts = [...files.keys()].filter((name) => name.endsWith('.svg'));
    expect(new Set(shown)).toEqual(new Set(charts));
    for (const name of charts) {
      expect(problemOf(files.get(name) ?? ''), name).toBeUndefined();
      expect(files.get(name), name).not.toMatch(/NaN|Infinity|undefined/);
    }
  });
});
