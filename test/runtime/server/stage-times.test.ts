/** The times of stages, and Server-Timing, over real sockets. */

import { describe, expect, test } from 'vitest';
import { countOf, sumOf } from '../../../src/runtime/memory/workers/stage-histogram.ts';
import { STAGES, type Stage } from '../../../src/runtime/memory/workers/stages.ts';
import type { Server, ServerOptions } from '../../../src/runtime/server/server.ts';
import { parsePrometheus } from '../../support/prometheus-text.ts';
import { getRequest, RawClient, type RawResponse } from '../../support/raw-client.ts';
import { until } from '../../support/until.ts';
import { startServer } from './support/start.ts';

const TIMED_APPLICATION = new URL('./fixtures/timed-app.ts', import.meta.url).href;
const ASKING = 'Prefer: server-timing\r\n';

async function startTimed(options: Partial<ServerOptions> = {}): Promise<Server> {
  return await startServer({ app: TIMED_APPLICATION, timingSample: 1, ...options });
}

/** Milliseconds or requests by stage. */
type ByStage = Record<Stage, number>;

function byStage(server: Server, value: (counts: ArrayLike<number>) => number): ByStage {
  return Object.fromEntries(
    [...server.stageTimes].map(([stage, counts]) => [stage, value(counts)]),
  ) as ByStage;
}

async function ask(server: Server, path: string, times: number): Promise<RawResponse[]> {
  using client = await RawClient.connect(server.port);
  const answers: RawResponse[] = [];
  for (let time = 0; time < times; time++) answers.push(await client.get(path));
  client.halfClose();
  return answers;
}

async function askWith(server: Server, path: string, headers: string): Promise<RawResponse> {
  using client = await RawClient.connect(server.port);
  client.send(getRequest(path, headers));
  const answer = await client.next();
  client.halfClose();
  return answer;
}

describe('what is slow is so in its own stage', () => {
  test.for([
    ['/middleware', 'middleware'],
    ['/controller', 'controller'],
    ['/waiting', 'controller'],
    ['/database', 'database'],
    ['/finisher', 'response'],
  ] as const)('%s: %s', async ([path, stage]) => {
    await using server = await startTimed();
    await ask(server, path, 3);
    const { total, ...sums } = byStage(server, sumOf);
    const [slowest] = Object.entries(sums).sort(([, one], [, other]) => other - one);
    expect(slowest?.[0]).toBe(stage);
    // Both reads of /database are under way at the same time, so they count once.
    expect(sums[stage]).toBeGreaterThan(3 * 230);
    expect(total).toBeGreaterThan(sums[stage] * 0.9);
  });
});

describe('requests are counted', () => {
  test('once in each stage that they pass, and their client once', async () => {
    await using server = await startTimed();
    await ask(server, '/plain', 20);
    await until('main has written the last answer', () => byStage(server, countOf).total === 20);
    const { accept, database, ...others } = byStage(server, countOf);
    expect({ accept, database }).toEqual({ accept: 1, database: 0 });
    expect(new Set(Object.values(others))).toEqual(new Set([20]));
  });

  test('also if no route takes them or their handler fails', async () => {
    await using server = await startTimed();
    await ask(server, '/nowhere', 3);
    await ask(server, '/fails', 3);
    expect(byStage(server, countOf)).toMatchObject({ accept: 2, controller: 6, response: 6 });
  });

  test('as the first of their turn, if they are pipelined', async () => {
    await using server = await startTimed();
    using client = await RawClient.connect(server.port);
    client.send(getRequest('/plain').repeat(32));
    for (let time = 0; time < 32; time++) expect((await client.next()).status).toBe(200);
    const { parse, handover, write } = byStage(server, countOf);
    expect(parse).toBeGreaterThan(0);
    expect(handover).toBe(parse);
    expect(write).toBeLessThanOrEqual(parse);
  });

  test('not while nothing is timed', async () => {
    await using server = await startTimed({ timingSample: 0 });
    await ask(server, '/plain', 200);
    expect(new Set(Object.values(byStage(server, countOf)))).toEqual(new Set([0]));
  });

  test('one in so many, on average', async () => {
    await using server = await startTimed({ timingSample: 8 });
    await ask(server, '/plain', 2_000);
    const { parse } = byStage(server, countOf);
    expect(parse).toBeGreaterThan(150);
    expect(parse).toBeLessThan(350);
  });

  test('never less while others read, and by fresh workers too', async () => {
    await using server = await startTimed();
    let isOver = false;
    const asking = (async () => {
      await ask(server, '/plain', 150);
      await server.reload();
      await ask(server, '/plain', 150);
      isOver = true;
    })();
    let before = 0;
    await until('all are asked', () => {
      const { parse } = byStage(server, countOf);
      expect(parse).toBeGreaterThanOrEqual(before);
      before = parse;
      return isOver;
    });
    await asking;
    expect(byStage(server, countOf).parse).toBe(300);
  });
});

test('the metrics have a histogram for each stage', async () => {
  await using server = await startTimed();
  await ask(server, '/plain', 5);
  const [answer] = await ask(server, '/metrics', 1);
  const metrics = parsePrometheus(answer?.body.toString() ?? '');
  const samples = metrics.get('http_stage_duration_seconds')?.samples ?? new Map();
  const counts = [...samples].filter(([name]) => name.includes('_count'));
  expect(counts.map(([name]) => /stage="(\w+)"/.exec(name)?.[1])).toEqual([...STAGES]);
  expect(samples.get('http_stage_duration_seconds_count{stage="middleware"}')).toBeGreaterThanOrEqual(5);
  expect(samples.size).toBe(STAGES.length * 15);
});

describe('Server-Timing', () => {
  const METRIC = /^[a-z]+;dur=\d+(\.\d{1,4})?$/;

  test('is not given by default', async () => {
    await using server = await startTimed();
    const { headers } = await askWith(server, '/plain', ASKING);
    expect(headers['server-timing']).toBeUndefined();
  });

  test('is given to who asks for it, and nobody else', async () => {
    await using server = await startTimed({ serverTiming: true, timingSample: 0 });
    const { headers: told } = await askWith(server, '/database', ASKING);
    const { headers: plain } = await askWith(server, '/database', '');
    const metrics = (told['server-timing'] ?? '').split(', ');
    expect(metrics.filter((metric) => !METRIC.test(metric))).toEqual([]);
    expect(metrics.map((metric) => metric.split(';')[0])).toEqual([
      'queue',
      'parse',
      'match',
      'middleware',
      'controller',
      'database',
      'response',
      'total',
    ]);
    expect(told['preference-applied']).toBe('server-timing');
    expect(plain['server-timing']).toBeUndefined();
  });

  test('tells what took long', async () => {
    await using server = await startTimed({ serverTiming: true });
    const { headers } = await askWith(server, '/database', ASKING);
    const database = Number(/database;dur=([\d.]+)/.exec(headers['server-timing'] ?? '')?.[1]);
    expect(database).toBeGreaterThan(230);
  });

  test('is on errors too, and on answers that have such metrics already', async () => {
    await using server = await startTimed({ serverTiming: true });
    for (const path of ['/fails', '/nowhere', '/own-metrics']) {
      expect((await askWith(server, path, ASKING)).headers['server-timing']).toContain('total;dur=');
    }
  });
});
