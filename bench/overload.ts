/**
 * `npm run bench -- overload`: more requests than the workers can serve, and workers that serve nobody. It
 * measures the capacity of CPU-bound requests, then the goodput at a multiple of that, with clients that give
 * up after a second. Meanwhile and afterwards, and while every worker spins or has all its places taken, it
 * asks for /health. The limits beside the results are those of the project.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type Attempt, ask } from './impatient-client.ts';
import { quantile } from './laboratory/statistics.ts';
import { describeOptions, type NumberOption, readOptions } from './options.ts';
import { describeSetting, table } from './report.ts';
import { ServerProcess, THIS_SERVER } from './server-process.ts';

const OPTIONS = {
  seconds: { fallback: 10, least: 2, most: 600, about: 'seconds of each measurement' },
  'cpu-ms': { fallback: 10, least: 1, most: 1000, about: 'milliseconds of CPU of each request' },
  clients: { fallback: 8, least: 1, most: 1000, about: 'clients that measure the capacity' },
  times: { fallback: 2, least: 1, most: 20, about: 'the load, as a multiple of the capacity' },
  'patience-ms': { fallback: 1000, least: 10, most: 60_000, about: 'milliseconds until a client gives up' },
  places: { fallback: 512, least: 1, most: 10_000, about: 'simultaneous requests that take every place' },
} as const satisfies Record<string, NumberOption>;

type Numbers = Readonly<Record<keyof typeof OPTIONS, number>>;

const LEAST_GOODPUT = 0.9;
const MOST_HEALTH_MS = 50;
/** No answer should take so long. */
const FOREVER_MS = 30_000;

interface Row {
  readonly what: string;
  readonly result: string;
  readonly limit: string;
}

export async function run(parameters: readonly string[]): Promise<void> {
  const { numbers, json, help } = readOptions(parameters, OPTIONS);
  if (help) {
    process.stdout.write(describeOptions(OPTIONS));
    return;
  }
  const rows = [
    ...(await goodput(numbers)),
    ...(await stalled('all workers in /spin', '/spin', 64, numbers)),
    ...(await stalled('every place taken by /wait', '/wait?ms=25000', numbers.places, numbers)),
  ];
  process.stdout.write(
    json
      ? `${JSON.stringify({ setting: describeSetting(), numbers, rows }, null, 2)}\n`
      : `${describeSetting()}\n\n${table([['', 'result', 'limit'], ...rows.map(({ what, result, limit }) => [what, result, limit])])}\n`,
  );
}

async function goodput(numbers: Numbers): Promise<Row[]> {
  await using server = await ServerProcess.start(THIS_SERVER);
  const path = `/cpu?ms=${numbers['cpu-ms']}`;
  await closedLoop(server.url, path, numbers.clients, 2);
  const capacity = await closedLoop(server.url, path, numbers.clients, numbers.seconds);
  const watching = watchHealth(server.url);
  const attempts = await openLoop(server.url, path, capacity * numbers.times, numbers);
  const during = await watching.stop();
  const after = await Promise.all(Array.from({ length: 10 }, () => ask(server.url, '/health', FOREVER_MS)));
  const good = attempts.filter(({ status }) => status === 200).length / numbers.seconds;
  const refused = attempts.filter(({ status }) => status === 503);
  const lost = attempts.filter(({ status }) => status === undefined).length;
  return [
    { what: `capacity of ${path}`, result: `${capacity.toFixed(0)}/s`, limit: '' },
    {
      what: `goodput at ${numbers.times} times that`,
      result: `${good.toFixed(0)}/s, ${((good / capacity) * 100).toFixed(0)} %`,
      limit: `${LEAST_GOODPUT * 100} %`,
    },
    { what: '… refused with 503', result: `${refused.length}, ${latencies(refused)}`, limit: '' },
    { what: '… gave up', result: `${lost}`, limit: '' },
    healthRow('/health meanwhile', during),
    healthRow('/health right afterwards', after),
  ];
}

/** Each client asks again as soon as it has its answer. @returns answers per second */
async function closedLoop(url: string, path: string, clients: number, seconds: number): Promise<number> {
  const end = performance.now() + seconds * 1000;
  let answers = 0;
  const oneClient = async () => {
    while (performance.now() < end) {
      const { status } = await ask(url, path, FOREVER_MS);
      if (status !== 200) throw new Error(`${path} answered ${status}`);
      answers += 1;
    }
  };
  await Promise.all(Array.from({ length: clients }, oneClient));
  return answers / seconds;
}

/** Clients come at this rate, whether others have their answers or not. */
async function openLoop(url: string, path: string, perSecond: number, numbers: Numbers): Promise<Attempt[]> {
  const start = performance.now();
  const attempts: Promise<Attempt>[] = [];
  const total = perSecond * numbers.seconds;
  while (attempts.length < total) {
    const due = Math.min(total, ((performance.now() - start) / 1000) * perSecond);
    while (attempts.length < due) attempts.push(ask(url, path, numbers['patience-ms']));
    await delay(2);
  }
  return await Promise.all(attempts);
}

/** Asks for /health while workers serve nobody. */
async function stalled(what: string, path: string, requests: number, numbers: Numbers): Promise<Row[]> {
  await using server = await ServerProcess.start(THIS_SERVER);
  await delay(4000);
  const holders = Array.from({ length: requests }, () => ask(server.url, path, FOREVER_MS));
  await delay(1000);
  const watching = watchHealth(server.url);
  await delay(numbers.seconds * 1000);
  const attempts = await watching.stop();
  void holders;
  return [healthRow(`/health with ${what}`, attempts)];
}

function watchHealth(url: string): { stop(): Promise<Attempt[]> } {
  const attempts: Promise<Attempt>[] = [];
  const timer = setInterval(() => attempts.push(ask(url, '/health', FOREVER_MS)), 50);
  return {
    stop: async () => {
      clearInterval(timer);
      return await Promise.all(attempts);
    },
  };
}

function healthRow(what: string, attempts: readonly Attempt[]): Row {
  const failed = attempts.filter(({ status }) => status !== 200).length;
  return {
    what,
    result: `${latencies(attempts)}${failed === 0 ? '' : `, ${failed} not answered with 200`}`,
    limit: `200 within ${MOST_HEALTH_MS} ms`,
  };
}

function latencies(attempts: readonly Attempt[]): string {
  if (attempts.length === 0) return '-';
  const sorted = attempts.map(({ ms }) => ms).toSorted((left, right) => left - right);
  const [p50, p99, most] = [0.5, 0.99, 1].map((fraction) => quantile(sorted, fraction).toFixed(1));
  return `p50 ${p50}, p99 ${p99}, most ${most} ms`;
}
