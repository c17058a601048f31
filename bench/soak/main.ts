/**
 * `npm run soak -- --minutes N`: everything that a server meets, all at once, with a check of every answer.
 * Afterwards it reports the slopes of memory, heaps and descriptors. It ends with 1 if an answer was wrong,
 * if something grows, or if the server did not stop in order. It needs the /proc of Linux.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { BUNDLE } from '../arms/arm.ts';
import { describeOptions, readOptions } from '../options.ts';
import { describeSetting, table } from '../table.ts';
import { ACTORS } from './actors.ts';
import { graph, lowest, type Sample, slope, takeSample } from './samples.ts';
import { Tally } from './tally.ts';

const OPTIONS = {
  minutes: { fallback: 15, least: 1, most: 10_000, about: 'minutes' },
  'sample-ms': { fallback: 2_000, least: 100, most: 60_000, about: 'milliseconds between two samples' },
} as const;

const ROOT = join(import.meta.dirname, '../..');
/** The heaps fill and code is compiled during this share of the time. */
const WARM_UP_SHARE = 1 / 3;
/** What may look like growth because of noise, in a minute. */
const MOST_GROWTH = { rssMb: 4, heapMb: 0.5, descriptors: 2, threads: 0.5 } as const;
const MEASURES = Object.keys(MOST_GROWTH) as (keyof typeof MOST_GROWTH)[];

const SETTINGS = {
  APP: 'bench/soak/app.ts',
  HOST: '127.0.0.1',
  PORT: '0',
  WORKERS: '4',
  WORKER_HEAP_MB: '64',
  HANDLER_TIMEOUT_MS: '2000',
  WRITE_TIMEOUT_MS: '5000',
  DRAIN_TIMEOUT_MS: '1000',
  INBOUND_MEMORY_MB: '64',
  OUTBOUND_MEMORY_MB: '32',
  LOG_LEVEL: 'info',
};

async function main(): Promise<void> {
  const { numbers, json, help } = readOptions(process.argv.slice(2), OPTIONS);
  if (help) {
    process.stdout.write(describeOptions(OPTIONS));
    return;
  }
  const server = spawn(process.execPath, [BUNDLE], {
    cwd: ROOT,
    env: { ...process.env, ...SETTINGS },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(server, 'exit');
  process.once('exit', () => server.kill('SIGKILL'));
  const port = await portOf(server.stdout);
  const pid = server.pid ?? 0;

  const tally = new Tally();
  const end = performance.now() + numbers.minutes * 60_000;
  const isOver = () => performance.now() > end || server.exitCode !== null || server.signalCode !== null;
  const stage = { port, tally, isOver, reload: () => server.kill('SIGHUP') };
  const acting = Promise.all(ACTORS.map((actor) => actor(stage)));
  const samples: Sample[] = [];
  const begin = performance.now();
  while (!isOver()) {
    await delay(numbers['sample-ms']);
    if (isOver()) break;
    const sample = await takeSample(pid, port, (performance.now() - begin) / 60_000);
    samples.push(sample);
    if (!json) process.stderr.write(`\r${progress(sample, tally)}`);
  }
  await acting;
  server.kill('SIGTERM');
  const [code, signal] = await exited;
  report(samples, tally, `${code ?? signal}`, json);
}

async function portOf(output: NodeJS.ReadableStream): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const lines = createInterface(output);
  lines.on('line', (line) => {
    const port = /listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(line)?.[1];
    if (port !== undefined) resolve(Number(port));
  });
  lines.on('close', () => reject(new Error('The server has ended before it listened')));
  return await promise;
}

function progress({ minutes, rssMb, descriptors }: Sample, tally: Tally): string {
  return `${minutes.toFixed(1)} min, ${rssMb.toFixed(0)} MB, ${descriptors} descriptors, ${tally.wrong} wrong answers `;
}

function report(samples: readonly Sample[], tally: Tally, exit: string, json: boolean): void {
  const settled = lowest(samples.slice(Math.floor(samples.length * WARM_UP_SHARE)));
  const slopes = MEASURES.map((name) => ({ name, perMinute: slope(settled, (sample) => sample[name]) }));
  const growing = slopes.filter(({ name, perMinute }) => perMinute > MOST_GROWTH[name]);
  const isFlat = growing.length === 0 && tally.wrong === 0 && exit === '0';
  if (json) {
    const outcomes = Object.fromEntries(
      [...tally.outcomes].map(([name, counts]) => [name, Object.fromEntries(counts)]),
    );
    process.stdout.write(
      `${JSON.stringify({ setting: describeSetting(), samples, slopes, outcomes, exit, isFlat }, null, 2)}\n`,
    );
  } else {
    process.stdout.write(
      `\n${describeSetting()}\n\n${outcomeTable(tally)}\n\n${slopeTable(settled, samples)}\n\n`,
    );
    process.stdout.write(`the server ended with ${exit}; ${isFlat ? 'flat' : 'NOT flat'}\n`);
  }
  process.exitCode = isFlat ? 0 : 1;
}

function outcomeTable(tally: Tally): string {
  const rows = [...tally.outcomes].map(([name, outcomes]) => [
    name,
    String(outcomes.get('right') ?? 0),
    [...outcomes]
      .filter(([outcome]) => outcome !== 'right')
      .map(([outcome, count]) => `${count} × ${outcome}`)
      .join(', ') || '-',
  ]);
  return table([['request', 'right', 'wrong'], ...rows]);
}

function slopeTable(settled: readonly Sample[], samples: readonly Sample[]): string {
  const rows = MEASURES.map((name) => {
    const values = samples.map((sample) => sample[name]);
    return [
      name,
      slope(settled, (sample) => sample[name]).toFixed(2),
      Math.min(...values).toFixed(0),
      Math.max(...values).toFixed(0),
      graph(samples, (sample) => sample[name]),
    ];
  });
  return table([['', 'per minute', 'least', 'most', 'from the start to the end'], ...rows]);
}

await main();
process.exit();
