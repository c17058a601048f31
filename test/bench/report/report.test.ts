import { describe, expect, test } from 'vitest';
import { makeMarkdown, makeReport } from '../../../bench/report/make-report.ts';
import { exampleRun, rowOf, runWith, scenarioNamed, sectionOf } from './support.ts';

function markdownOf(run = exampleRun()): string {
  return makeMarkdown(run, '');
}

describe('the report', () => {
  test('has the same bytes each time', async () => {
    const [first, second] = [await makeReport(exampleRun(), ''), await makeReport(exampleRun(), '')];
    expect([...second]).toEqual([...first]);
  });

  test('has a row for each arm, with its median, interval, ratio to Fastify and CPU time', () => {
    const scenario = scenarioNamed(exampleRun(), 'health');
    const section = sectionOf(markdownOf(), 'Scenario health');
    expect(rowOf(section, 'CloudVM backend').slice(1, 5)).toEqual([
      '42,299 ± 3 %',
      '1.40 (1.33 to 1.47)',
      '6.10 ± 4 %',
      '0.34 (0.33 to 0.35)',
    ]);
    for (const { name } of scenario.skipped) expect(section).toContain(`${name}: `);
    expect(section.split('\n').filter((line) => line.startsWith('| ')).length).toBe(
      2 * (scenario.arms.length + 2),
    );
  });

  test('has p50, p99 and p99.9 at each rate', () => {
    const section = sectionOf(markdownOf(), 'Scenario health');
    const [, latencies = ''] = section.split('p50 / p99 / p99.9 in ms');
    expect(rowOf(latencies, 'CloudVM backend').slice(2)).toEqual([
      '0.221 / 0.865 / 2.27',
      '0.263 / 0.956 / 3.06',
    ]);
  });

  test('says in words where this server wins and where it loses', () => {
    const markdown = markdownOf();
    expect(sectionOf(markdown, 'Scenario health')).toContain(
      'It is behind others: 0.82 × Bun, 0.69 × C++ epoll loop.',
    );
    const overview = sectionOf(markdown, 'Where it wins, and where it loses');
    expect(rowOf(overview, 'Bun')).toEqual([
      'Bun',
      'health (1.22×), pipelined (1.20×) and echo-64k (1.19×)',
      '–',
    ]);
    expect(overview).toContain('Not measured, because they failed: echo-1m.');
  });

  test('does not call a difference a win whose interval has 1 in it', () => {
    const run = runWith('health', (scenario) => ({
      ...scenario,
      ratios: scenario.ratios.map((ratio) => ({
        ...ratio,
        requestsPerSecond: { median: 1.02, low: 0.97, high: 1.05 },
      })),
    }));
    const markdown = markdownOf(run);
    expect(sectionOf(markdown, 'Scenario health')).toContain(
      'are level in requests per second: 1.02 (0.97 to 1.05)',
    );
    expect(rowOf(sectionOf(markdown, 'Where it wins, and where it loses'), 'health')[1]).toBe('level');
    expect(markdown).toContain('alt="Level with Fastify (0.97× to 1.05×) at 0.34× its CPU on GET /health"');
  });

  test('says where it loses to Fastify', () => {
    const run = runWith('health', (scenario) => ({
      ...scenario,
      ratios: scenario.ratios.map((ratio) => ({
        ...ratio,
        requestsPerSecond: { median: 0.5, low: 0.4, high: 0.6 },
        cpuMicrosecondsPerRequest: { median: 3, low: 2, high: 4 },
      })),
    }));
    const markdown = markdownOf(run);
    expect(sectionOf(markdown, 'Scenario health')).toContain('loses to Fastify in requests per second: 0.50');
    expect(sectionOf(markdown, 'Scenario health')).toContain('takes more CPU time for each: 3.00');
    expect(sectionOf(markdown, 'Where it wins, and where it loses')).toContain('behind in 1 (health)');
  });

  test('warns where the load generator was the limit, and where a server could not follow', () => {
    const run = runWith('health', (scenario) => ({
      ...scenario,
      arms: scenario.arms.map((arm) => ({
        ...arm,
        rounds: arm.rounds.map((round) => ({ ...round, generatorShare: 0.97, generatorWasLimit: true })),
        fixedRateSummaries: arm.fixedRateSummaries.map((rate) => ({ ...rate, achievedRate: rate.rate / 2 })),
      })),
    }));
    const section = sectionOf(markdownOf(run), 'Scenario health');
    expect(section).toContain('at its limit with every server');
    expect(rowOf(section, 'Bun').at(-1)).toBe('0.97, limit in 5 of 5');
    expect(section).toMatch(/only 5,\d\d\d\/s/);
  });

  test('says what a run has not measured, instead of leaving it out', () => {
    const markdown = markdownOf({ ...exampleRun(), scenarios: [] });
    const titles = [...markdown.matchAll(/^## (.*)$/gm)].map(([, title = '']) => title);
    expect(titles).toContain('Memory');
    for (const title of titles.filter((candidate) => !candidate.startsWith('How to'))) {
      expect(sectionOf(markdown, title).trim()).toBe('Not measured in this run.');
    }
  });

  test('can be made of every scenario alone, also with a single arm', async () => {
    const run = exampleRun();
    for (const scenario of run.scenarios) {
      const [arm] = scenario.arms;
      await expect(makeReport({ ...run, scenarios: [scenario] }, '')).resolves.toBeDefined();
      const alone = { ...scenario, arms: arm === undefined ? [] : [arm], ratios: [] };
      await expect(makeReport({ ...run, scenarios: [alone] }, '')).resolves.toBeDefined();
    }
  });

  test('says which machine, which commit and which command', () => {
    const markdown = markdownOf();
    expect(markdown).toContain('commit ebe33ce5a0');
    expect(rowOf(markdown, 'processor')).toEqual(['processor', '2 × Synthetic CPU @ 2.50GHz']);
    expect(sectionOf(markdown, 'How to repeat it')).toContain('    npm run bench -- --minutes 30\n');
    expect(markdownOf({ ...exampleRun(), dirty: true })).toContain('ebe33ce5a0 with changes');
  });

  test('shows names and texts as they are, whatever characters they have', () => {
    const hostile = '<script>|`*_[a](javascript:x)&amp;\n## heading';
    const run = runWith('health', (scenario) => ({
      ...scenario,
      about: hostile,
      warnings: [hostile],
      arms: scenario.arms.map((arm, index) => (index === 1 ? { ...arm, name: hostile } : arm)),
    }));
    const markdown = markdownOf({ ...run, machine: { ...run.machine, cpuModel: hostile } });
    expect(markdown).not.toContain('<script');
    expect(markdown).not.toMatch(/^## heading/m);
    expect(markdown).not.toMatch(/[^\\]\]\(javascript/);
    expect(markdown).toContain('&lt;script\\>\\|\\`\\*\\_\\[a\\](javascript:x)&amp;amp; \\#\\# heading');
  });

  test('keeps scenarios of one name with several numbers of connections apart', () => {
    const run = exampleRun();
    const one = scenarioNamed(run, 'health');
    const markdown = markdownOf({ ...run, scenarios: [one, { ...one, connections: 8 }] });
    expect(sectionOf(markdown, 'Scenario health')).toContain('64 connections');
    expect(sectionOf(markdown, 'Scenario health-on-8')).toContain('8 connections');
  });

  test('is the same for programs', async () => {
    const report = JSON.parse((await makeReport(exampleRun(), '')).get('report.json') ?? '');
    expect(report).toMatchObject({ format: 1, run: { commit: exampleRun().commit } });
    const health = report.sections.find(({ name }: { name: string }) => name === 'health');
    expect(health.data.ratios['wasm/fastify'].requestsPerSecond.median).toBeCloseTo(1.4, 1);
    const names = report.sections.map(({ name }: { name: string }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});
