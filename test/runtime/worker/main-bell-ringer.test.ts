import { describe, expect, test } from 'vitest';
import { MainBellRinger } from '../../../src/runtime/worker/main-bell-ringer.ts';
import { MainSide } from './support/main-side.ts';

/** A ringer whose main thread sleeps. */
function stage() {
  const { bell } = new MainSide();
  const rings: unknown[] = [];
  const ringer = new MainBellRinger(bell, (message) => rings.push(message));
  bell.park();
  return { bell, rings, ringer };
}

const nextRound = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('MainBellRinger', () => {
  test('rings once at the end of a round of the event loop, however much was published in it', async () => {
    const { rings, ringer } = stage();
    for (let record = 0; record < 5; record++) ringer.ring();
    await Promise.resolve().then(() => ringer.ring());
    expect(rings, 'the round goes on').toEqual([]);
    await nextRound();
    expect(rings).toEqual([0]);
  });

  test('rings again in the next round when main has gone to sleep', async () => {
    const { bell, rings, ringer } = stage();
    ringer.ring();
    await nextRound();
    bell.park();
    ringer.ring();
    await nextRound();
    expect(rings).toEqual([0, 0]);
  });

  test('does not ring while main is awake', async () => {
    const { bell, rings, ringer } = stage();
    bell.unpark();
    ringer.ring();
    await nextRound();
    expect(rings).toEqual([]);
  });

  test('rings at the end of a batch, before the round ends', () => {
    const { rings, ringer } = stage();
    ringer.beginBatch();
    ringer.ring();
    expect(rings, 'the batch goes on').toEqual([]);
    ringer.endBatch();
    expect(rings).toEqual([0]);
  });

  test('rings at once before a step that may take long, also for what was published before the batch', async () => {
    const { bell, rings, ringer } = stage();
    ringer.ring();
    ringer.beginBatch();
    ringer.flush();
    expect(rings).toEqual([0]);
    bell.park();
    ringer.endBatch();
    await nextRound();
    expect(rings, 'nothing was published since').toEqual([0]);
  });
});
