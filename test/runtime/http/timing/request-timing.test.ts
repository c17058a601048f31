import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { OutgoingResponse } from '../../../../src/runtime/http/response/outgoing-response.ts';
import { RequestTiming } from '../../../../src/runtime/http/timing/request-timing.ts';
import {
  asksForTiming,
  serverTiming,
  tellTiming,
} from '../../../../src/runtime/http/timing/server-timing.ts';
import { currentTiming, runTimed, timed } from '../../../../src/runtime/http/timing/timed.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

function pass(milliseconds: number): void {
  vi.advanceTimersByTime(milliseconds);
}

function begin(): RequestTiming {
  return new RequestTiming('queue', performance.now());
}

function times(timing: RequestTiming): Record<string, number> {
  return Object.fromEntries(timing.milliseconds);
}

test('each stage has the time from its begin to the next', () => {
  const timing = begin();
  pass(1);
  timing.enter('parse');
  pass(2);
  timing.enter('controller');
  pass(3);
  timing.end();
  pass(4);
  timing.enter('response');
  timing.end();
  expect(times(timing)).toEqual({ queue: 1, parse: 2, controller: 3 });
});

test('a wait is taken off the stage in which it is, and overlapping waits count once', () => {
  const timing = begin();
  timing.enter('controller');
  pass(1);
  const first = timing.wait('database');
  pass(10);
  const second = timing.wait('database');
  pass(100);
  first();
  pass(1_000);
  second();
  pass(2);
  timing.end();
  expect(times(timing)).toEqual({ queue: 0, controller: 3, database: 1_110 });
});

test('a wait that nobody waited for ends with its stage', () => {
  const timing = begin();
  timing.enter('controller');
  const end = timing.wait('database');
  pass(1);
  timing.enter('response');
  pass(10);
  end();
  pass(100);
  timing.end();
  end();
  expect(times(timing)).toEqual({ queue: 0, controller: 0, database: 1, response: 110 });
});

test('what a stage repeats can be taken off another one, down to nothing', () => {
  const timing = begin();
  pass(5);
  timing.enter('parse');
  timing.deduct('queue', 2);
  expect(times(timing)).toEqual({ queue: 3 });
  timing.deduct('queue', 9);
  expect(times(timing)).toEqual({ queue: 0 });
});

test('an operation counts for the request that began it, after any waits and among others', async () => {
  const requests = [begin(), begin()];
  await Promise.all(
    requests.map((timing, index) =>
      runTimed(timing, async () => {
        await Promise.resolve();
        expect(currentTiming()).toBe(timing);
        timing.enter('controller');
        if (index === 0) await timed('database', async () => pass(7));
      }),
    ),
  );
  for (const timing of requests) timing.end();
  expect(requests.map((timing) => timing.milliseconds.get('database'))).toEqual([7, undefined]);
});

test('an operation that fails counts too, and its error is passed on', async () => {
  const timing = begin();
  const failure = new Error('the database is away');
  const failing = (): Promise<never> => {
    pass(3);
    throw failure;
  };
  await expect(runTimed(timing, () => timed('database', failing))).rejects.toBe(failure);
  expect(timing.milliseconds.get('database')).toBe(3);
});

test('without a request that is timed an operation just runs', async () => {
  const result = Promise.resolve('x');
  expect(timed('database', () => result)).toBe(result);
  const over = begin();
  over.end();
  expect(runTimed(over, () => timed('database', () => result))).toBe(result);
  expect(await result).toBe('x');
});

test('a client asks for its times by a preference', () => {
  const asking = [
    'server-timing',
    'Server-Timing',
    'respond-async, server-timing',
    'server-timing; x=1',
    'server-timing=1',
  ];
  const others = [undefined, '', 'wait=10', 'server-timings', 'x-server-timing', 'x="a", y'];
  expect(asking.map(asksForTiming)).toEqual(asking.map(() => true));
  expect(others.map(asksForTiming)).toEqual(others.map(() => false));
});

test('the field has a metric for each stage and for all together', () => {
  const milliseconds = new Map([
    ['queue', 0.012_34] as const,
    ['parse', 0.000_049] as const,
    ['database', 5] as const,
  ]);
  expect(serverTiming(milliseconds)).toBe('queue;dur=0.0123, parse;dur=0, database;dur=5, total;dur=5.0124');
});

test('the field is added to a response that is sealed, after the metrics of the application', () => {
  const response = new OutgoingResponse({ path: '/', routeName: 'GET /' });
  response.header('Server-Timing', 'cache;desc="hit"').empty();
  response.seal();
  tellTiming(response, new Map([['queue', 1]]));
  expect(response.headers.get('Server-Timing')).toBe('cache;desc="hit", queue;dur=1, total;dur=1');
  expect(response.headers.get('Preference-Applied')).toBe('server-timing');
});
