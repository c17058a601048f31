import { describe, expect, test } from 'vitest';
import { Meters } from '../../../../src/runtime/http/metrics/meters.ts';
import { Router } from '../../../../src/runtime/http/routing/router.ts';
import { APPLICATION_METERS } from '../../../../src/runtime/memory/layout.ts';

describe('meters', () => {
  test('count in the words of their worker what they have counted before, too', () => {
    const meters = new Meters();
    const hits = meters.counter('hits_total', 'Hits.', {});
    const open = meters.gauge('open', 'Open.', {});
    hits.add(2);
    open.set(5);
    // Of the worker that had the row before.
    const row = Int32Array.of(10, 10);
    meters.countIn(row);
    hits.add();
    open.add(-1);
    expect([...row]).toEqual([13, 4]);
  });

  test.each([
    ['hits', {}],
    ['Hits_total', {}],
    ['http_hits_total', {}],
    ['hits_total', { le: '1' }],
    ['hits_total', { 'a-b': '1' }],
  ])('cannot be counters named %s with the labels %j', (name, labels) => {
    const meters = new Meters();
    expect(() => meters.counter(name, 'Hits.', labels)).toThrow(/A meter cannot be declared/);
  });

  test('of one name have the same labels, with other values', () => {
    const meters = new Meters();
    meters.counter('hits_total', 'Hits.', { kind: 'a' });
    meters.counter('hits_total', 'Hits.', { kind: 'b' });
    expect(() => meters.counter('hits_total', 'Hits.', { kind: 'a' })).toThrow(/twice/);
    expect(() => meters.counter('hits_total', 'Hits.', { sort: 'a' })).toThrow(/same labels/);
    expect(() => meters.gauge('hits_total', 'Hits.', { kind: 'c' })).toThrow(/does not end with _total/);
  });

  test('are no more than there are words', () => {
    const meters = new Meters();
    for (let index = 0; index < APPLICATION_METERS; index++) meters.gauge(`open_${index}`, 'Open.', {});
    expect(() => meters.gauge('another', 'Open.', {})).toThrow(/128 meters/);
  });

  test('are declared before the router is compiled', () => {
    const router = new Router();
    router.compile(() => {});
    expect(() => router.counter('hits_total', 'Hits.')).toThrow(/compiled/);
  });
});

test('there is one path for metrics, and it has no parameters', () => {
  const router = new Router();
  expect(() => router.metrics('/:a')).toThrow(/without parameters/);
  router.metrics('/metrics');
  expect(() => router.metrics('/more')).toThrow(/one path for metrics/);
});
