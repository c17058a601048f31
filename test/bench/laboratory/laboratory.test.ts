/** Tiny runs of the laboratory, from the command line to the file. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { describe, expect, test, vi } from 'vitest';
import { afterwards } from '../../../bench/laboratory/afterwards.ts';
import { Budget } from '../../../bench/laboratory/budget.ts';
import { describeLaboratory, readLaboratoryOptions } from '../../../bench/laboratory/options.ts';
import { Progress } from '../../../bench/laboratory/progress.ts';
import { readResults, type ScenarioResult } from '../../../bench/laboratory/results.ts';
import { runLaboratory } from '../../../bench/laboratory/run.ts';
import { describeRun, scenarioTable } from '../../../bench/laboratory/tables.ts';
import { ScratchDirectory } from '../../../bench/processes/scratch-directory.ts';
import { SCENARIOS } from '../../../bench/scenarios/index.ts';

class Text extends Writable {
  text = '';
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

function options(...parameters: string[]) {
  const read = readLaboratoryOptions(parameters);
  if (read === undefined) throw new Error('this asks for help');
  return read;
}

async function runTiny(parameters: readonly string[], change: (scenario: ScenarioResult) => void = () => {}) {
  using directory = new ScratchDirectory();
  const stream = new Text();
  const read = options(...parameters, '--out', join(directory.path, 'deep/results.json'));
  const { run, file } = await runLaboratory({
    ...read,
    blocks: { warmUps: 0, rounds: 2, fixedRates: 2 },
    command: `npm run bench -- ${parameters.join(' ')}`,
    progress: new Progress(stream),
    entry: 'src/main.ts',
    seeding: { users: 2, vmsOfEach: 20 },
  });
  const stored = readResults(readFileSync(file, 'utf8'));
  expect(stored).toEqual(run);
  for (const scenario of stored.scenarios) change(scenario);
  return { run: stored, progress: stream.text };
}

/** Processes of this machine that this one has started. */
function descendants(): string[] {
  const processes = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' });
  return processes
    .split('\n')
    .filter((line) => new RegExp(`^\\s*\\d+\\s+${process.pid}\\s`).test(line) && !line.includes('ps -eo'));
}

/** Processes that have a text in their environment. */
function processesWith(text: string): string[] {
  const processes = execFileSync('ps', ['eww', '-eo', 'pid=,args='], { encoding: 'utf8' });
  return processes.split('\n').filter((line) => line.includes(text));
}

describe('a run', () => {
  test('measures each arm in rounds and at fixed rates, and keeps all of it in a file', async () => {
    const { run, progress } = await runTiny(['health', '--arms', 'wasm-1,node-http', '--seconds', '1']);
    const [health] = run.scenarios;
    expect(health?.failure).toBeUndefined();
    expect(health?.arms.map(({ name }) => name)).toEqual(['wasm-1', 'node-http']);
    for (const arm of health?.arms ?? []) {
      expect(arm.rounds).toHaveLength(2);
      expect(arm.rounds[0]).toMatchObject({ errors: 0, memoryMb: expect.any(Number) });
      expect(arm.rounds[0]?.cpuMicrosecondsPerRequest).toBeGreaterThan(0);
      expect(arm.fixedRateSummaries.map(({ shareOfCapacity }) => shareOfCapacity)).toEqual([0.5, 0.8]);
      expect(arm.fixedRates.every(({ p99Ms }) => p99Ms > 0)).toBe(true);
    }
    // All arms get the same rate.
    const rates = health?.arms.map(({ fixedRates }) => fixedRates.map(({ rate }) => rate));
    expect(rates?.[0]).toEqual(rates?.[1]);
    expect(health?.verified.join('\n')).toContain('Date');
    expect(health?.differences.join('\n')).toMatch(/node-http also sends connection, keep-alive/);
    expect(run.machine.cores).toBeGreaterThan(0);
    expect(progress).toMatch(/\[1\/1\] health: about \d+ min left, done at \d\d:\d\d/);
    expect(scenarioTable(health as ScenarioResult)).toMatch(/\nwasm-1 +[\d,]+ /);
    expect(describeRun(run)).toContain('Node v');
    expect(descendants()).toEqual([]);
  });

  test('of the API gives each arm a database of the same content', async () => {
    const { run } = await runTiny(['vm-read', '--arms', 'wasm-1,fastify', '--seconds', '1']);
    const [read] = run.scenarios;
    expect(read?.failure).toBeUndefined();
    expect(read?.ratios.map(({ of, to }) => `${of}:${to}`)).toEqual(['wasm-1:fastify']);
    expect(read?.arms[0]?.rounds[0]?.databaseCpuMicrosecondsPerRequest).toBeGreaterThan(0);
    expect(descendants()).toEqual([]);
  });

  test('goes on after a scenario that has failed, and says why it has', async () => {
    const parameters = ['params', 'health', '--arms', 'node-http', '--seconds', '1'];
    const read = options(...parameters);
    using directory = new ScratchDirectory();
    const stream = new Text();
    const [params, ...others] = read.scenarios;
    if (params === undefined) throw new Error('there is no scenario');
    const broken = { ...params.scenario, requests: () => [] };
    const { run, failed } = await runLaboratory({
      ...read,
      scenarios: [{ ...params, scenario: broken }, ...others],
      blocks: { warmUps: 0, rounds: 1, fixedRates: 0 },
      out: join(directory.path, 'results.json'),
      command: '',
      progress: new Progress(stream),
    });
    expect(run.scenarios.map(({ failure }) => failure)).toEqual(['params has no requests', undefined]);
    expect(stream.text).toContain('params has failed: params has no requests');
    expect(failed).toEqual(['params']);
    expect(descendants()).toEqual([]);
  });
});

test('what fails after the scenarios does not lose them', async () => {
  using directory = new ScratchDirectory();
  const stream = new Text();
  const estimate = { median: 1, low: 1, high: 1 };
  const start = { wasmMicroseconds: estimate, jsMicroseconds: estimate, moduleBytes: 1 };
  const coreStages = { startedAt: new Date().toISOString(), stages: [], start, requests: [] };
  const { file, failed } = await runLaboratory({
    ...options('health', '--arms', 'node-http', '--seconds', '1'),
    blocks: { warmUps: 0, rounds: 1, fixedRates: 0 },
    out: join(directory.path, 'results.json'),
    command: '',
    progress: new Progress(stream),
    measureLatency: () => Promise.reject(new Error('no time for that')),
    measureCoreStages: () => Promise.resolve(coreStages),
  });
  expect(failed).toEqual(['latency']);
  expect(stream.text).toContain('latency has failed: Error: no time for that');
  const stored = readResults(readFileSync(file, 'utf8'));
  expect(stored.scenarios.map(({ name }) => name)).toEqual(['health']);
  expect(stored.coreStages).toBeDefined();
});

test('a run says so if there is too little time for it', async () => {
  using directory = new ScratchDirectory();
  const stream = new Text();
  await runLaboratory({
    ...options('health', '--arms', 'node-http', '--minutes', '0.1'),
    blocks: { warmUps: 0, rounds: 1, fixedRates: 0 },
    out: join(directory.path, 'results.json'),
    command: '',
    progress: new Progress(stream),
    reservedSeconds: 100,
  });
  expect(stream.text).toContain('This takes about 2 minutes: there is too much for 0.1.');
});

test('a run that is interrupted leaves neither a process nor a file', { timeout: 120_000 }, async () => {
  using directory = new ScratchDirectory();
  const temporary = join(directory.path, 'temporary');
  mkdirSync(temporary);
  const parameters = ['health', '--arms', 'node-http,fastify', '--seconds', '600'];
  const child = spawn(process.execPath, ['bench/main.ts', ...parameters], {
    env: { ...process.env, TMPDIR: temporary },
    stdio: 'ignore',
  });
  const ended = once(child, 'exit');
  // One for each server, and one for programs that have to be made.
  await vi.waitFor(() => expect(readdirSync(temporary).length).toBeGreaterThanOrEqual(3), 60_000);
  child.kill('SIGINT');
  expect(await ended).toEqual([130, null]);
  expect(readdirSync(temporary)).toEqual([]);
  await vi.waitFor(() => expect(processesWith(temporary)).toEqual([]), 10_000);
});

describe('the command line', () => {
  test('runs all scenarios with their arms unless it names some', () => {
    expect(options().scenarios.map(({ scenario }) => scenario)).toEqual(SCENARIOS);
    const named = options('vm-read', 'health').scenarios;
    expect(named.map(({ scenario: { name } }) => name)).toEqual(['vm-read', 'health']);
    expect(() => options('nothing')).toThrow('there is no scenario nothing');
  });

  test('gives each arm to the scenarios that it can serve', () => {
    const arms = options('health', 'vm-read', '--arms', 'js,node-http,fastify-batched').scenarios.map(
      ({ arms: names }) => names,
    );
    expect(arms).toEqual([
      ['js', 'node-http'],
      ['js', 'fastify-batched'],
    ]);
    expect(() => options('params', '--arms', 'epoll')).toThrow('no scenario here has the arm epoll');
    expect(() => options('--arms', 'apache')).toThrow('there is no arm apache');
  });

  test('makes an arm of each number of workers, and a scenario of each number of connections', () => {
    const chosen = options('vm-read', '--arms', 'wasm,fastify', '--workers', '1,2', '--connections', '8,64');
    expect(chosen.scenarios.map(({ scenario }) => scenario.connections)).toEqual([8, 64]);
    expect(chosen.scenarios[0]?.arms).toEqual(['wasm-1', 'wasm-2', 'fastify']);
  });

  test('refuses what is not a number within bounds', () => {
    expect(() => options('--rounds', 'many')).toThrow('--rounds is a number from 1 to 100');
    expect(() => options('--minutes', '0')).toThrow('--minutes');
    expect(() => options('--connections', '1.5')).toThrow('--connections is a whole number');
  });

  test('describes every scenario', () => {
    expect(readLaboratoryOptions(['--help'])).toBeUndefined();
    for (const { name } of SCENARIOS) expect(describeLaboratory()).toContain(name);
  });
});

test('every scenario has its own name, and a reason for each arm that it leaves out', () => {
  expect(new Set(SCENARIOS.map(({ name }) => name)).size).toBe(SCENARIOS.length);
  for (const { arms } of SCENARIOS) {
    expect(arms.names.filter((name) => name in arms.without)).toEqual([]);
    expect(Object.values(arms.without).every((reason) => reason.length > 0)).toBe(true);
  }
});

describe('the budget', () => {
  const blocks = { warmUps: 1, rounds: 3, fixedRates: 2 };
  const minute = 60_000;
  const usual = { seconds: undefined, blocks, reservedSeconds: 0, now: () => 0 };
  const five = { arms: 5 };

  test('gives all blocks the same time, so that the run ends in time', () => {
    const budget = new Budget({ ...usual, minutes: 10 });
    const costs = [five, five, five];
    const expected = budget.expectedSeconds(costs, budget.blockSeconds(costs));
    expect(expected).toBeGreaterThan(9.5 * 60);
    expect(expected).toBeLessThanOrEqual(10 * 60);
  });

  test('counts what comes after the scenarios, and after the rounds of some', () => {
    const secondsWith = (more: object, cost: object) =>
      new Budget({ ...usual, ...more, minutes: 5 }).blockSeconds([five, { ...five, ...cost }]);
    const seconds = secondsWith({}, {});
    expect(secondsWith({ reservedSeconds: 60 }, {})).toBeLessThan(seconds);
    expect(secondsWith({}, { secondsAfterRound: 4 })).toBeLessThan(seconds);
    expect(secondsWith({}, { leastSeconds: 2 * seconds })).toBeLessThan(seconds);
  });

  test('makes blocks shorter when time was lost, down to a bound', () => {
    let now = 0;
    const budget = new Budget({ ...usual, minutes: 10, now: () => now });
    const before = budget.blockSeconds([five]);
    now = 8 * minute;
    expect(budget.blockSeconds([five])).toBeLessThan(before);
    now = 30 * minute;
    expect(budget.blockSeconds([five])).toBe(0.25);
  });

  test('does not change seconds that were given', () => {
    const budget = new Budget({ ...usual, minutes: 10, seconds: 2 });
    expect(budget.blockSeconds([five, five])).toBe(2);
  });

  test('leaves blocks of a second in a whole run, with all that comes after its scenarios', () => {
    const { scenarios, blocks: usualBlocks, minutes } = options();
    const reservedSeconds = afterwards(minutes).expectedSeconds;
    const budget = new Budget({ ...usual, blocks: usualBlocks, minutes, reservedSeconds });
    const costs = scenarios.map(({ scenario, arms }) => ({ ...scenario, arms: arms.length }));
    expect(budget.blockSeconds(costs)).toBeGreaterThan(1);
  });
});
