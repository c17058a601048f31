import { expect, test } from 'vitest';
import { withMeasurements } from '../../../bench/report/readme.ts';
import { exampleRun, rowOf } from './support.ts';

const README = `# Title

<!-- measurements: made by \`npm run bench:report\` -->
old
<!-- end of measurements -->

## Start
`;

test('the README gets the headline, ratios with intervals, and where other servers win', () => {
  const readme = withMeasurements(README, exampleRun());
  expect(readme).toMatch(/^# Title\n/);
  expect(readme).toMatch(/\n## Start\n$/);
  expect(readme).not.toContain('old');
  expect(readme).toContain('srcset="bench/results/headline-dark.svg"');
  expect(rowOf(readme, 'GET /health, whose handler does nothing').slice(1)).toEqual([
    '1.40 (1.33 to 1.47)',
    '0.34 (0.33 to 0.35)',
  ]);
  expect(rowOf(readme, 'Bun')[1]).toContain('health (1.22×)');
});

test('the README is the same after a second time', () => {
  const once = withMeasurements(README, exampleRun());
  expect(withMeasurements(once, exampleRun())).toBe(once);
});

test('a README without a place for measurements is refused', () => {
  expect(() => withMeasurements('# Title\n', exampleRun())).toThrow('README.md has no');
});

test('a run without any of the scenarios makes no claims', () => {
  const readme = withMeasurements(README, { ...exampleRun(), scenarios: [] });
  expect(readme).not.toMatch(/\d\.\d\d/);
});
