import { describe, expect, test } from 'vitest';
import { Drain } from '../../../../src/runtime/worker/ending/drain.ts';

function stage() {
  const turns = new Set<string>();
  const handlers = { count: 0, stopped: 0, stop: () => void handlers.stopped++ };
  let drained = 0;
  const drain = new Drain({ turns, handlers, onDrained: () => drained++ });
  return { turns, handlers, drain, drained: () => drained };
}

describe('Drain', () => {
  test('a drain is over at once when nothing waits', () => {
    const { drain, drained, handlers } = stage();
    drain.begin();
    expect(drained()).toBe(1);
    expect(drain.isOver).toBe(true);
    expect(handlers.stopped).toBe(1);
  });

  test('a drain waits for every turn', () => {
    const { drain, drained, turns } = stage();
    turns.add('one').add('two');
    drain.begin();
    turns.delete('one');
    drain.check();
    expect([drained(), drain.hasBegun, drain.isOver]).toEqual([0, true, false]);
    turns.delete('two');
    drain.check();
    expect(drained()).toBe(1);
  });

  test('a drain waits for late handlers until it is told to forget them', () => {
    const { drain, drained, handlers } = stage();
    handlers.count = 1;
    drain.begin();
    drain.check();
    expect(drained()).toBe(0);
    drain.forgetLateHandlers();
    expect(drained()).toBe(1);
  });

  test('a drain that forgets late handlers still waits for turns', () => {
    const { drain, drained, turns } = stage();
    turns.add('one');
    drain.begin();
    drain.forgetLateHandlers();
    expect(drained()).toBe(0);
    turns.delete('one');
    drain.check();
    expect(drained()).toBe(1);
  });

  test('a drain reports its end once', () => {
    const { drain, drained } = stage();
    drain.begin();
    drain.begin();
    drain.check();
    drain.forgetLateHandlers();
    expect(drained()).toBe(1);
  });

  test('a drain is not over before it has begun', () => {
    const { drain, drained } = stage();
    drain.check();
    drain.forgetLateHandlers();
    expect([drained(), drain.hasBegun]).toEqual([0, false]);
  });
});
