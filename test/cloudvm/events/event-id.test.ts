/** The ids of events, which say what a client has. */
import { describe, expect, test } from 'vitest';
import type { Change } from '../../../src/cloudvm/events/change.ts';
import { OVERLAP_MS, parseEventId, SentEvents } from '../../../src/cloudvm/events/event-id.ts';

const START = Date.now() - 60_000;
const change = (time: number, key = `vm ${time}`): Change => ({
  ownerId: 'owner',
  time,
  key,
  resource: key,
  version: 1,
  event: 'vm',
  data: '{}',
});

function resumed(id: string): SentEvents {
  const position = parseEventId(id);
  if (position === undefined) throw new Error(`${id} is no id`);
  return new SentEvents(position);
}

describe('a client that comes back with an id', () => {
  test('has what it was sent, and not what became visible later with an earlier time', () => {
    const sent = new SentEvents({ since: START, marks: new Set() });
    sent.add(change(START + 100));
    const last = sent.add(change(START + 300));
    const again = resumed(last);
    expect(again.has(change(START + 100))).toBe(true);
    expect(again.has(change(START + 300))).toBe(true);
    expect(again.has(change(START + 200)), 'written by a process whose clock is behind').toBe(false);
  });

  test('has all that is older than the overlap', () => {
    const sent = new SentEvents({ since: START, marks: new Set() });
    sent.add(change(START + 100));
    const last = sent.add(change(START + 10_000));
    expect(resumed(last).has(change(START + 10_000 - OVERLAP_MS - 1))).toBe(true);
    expect(resumed(last).has(change(START + 10_000 - OVERLAP_MS + 1))).toBe(false);
  });

  test('keeps what it has through any number of connections of one event each', () => {
    const all = Array.from({ length: 30 }, (_, index) => change(START + index * 37));
    let id = `${START}.`;
    for (const one of all) id = resumed(id).add(one);
    const last = resumed(id);
    expect(all.filter((one) => !last.has(one))).toEqual([]);
  });

  test('misses nothing although another process has a clock that is ahead', () => {
    const sent = new SentEvents({ since: START, marks: new Set() });
    const last = sent.add(change(Date.now() + 3_600_000, 'of the future'));
    expect(resumed(last).has(change(Date.now(), 'of this process'))).toBe(false);
  });
});

test('an id is bounded, however many changes come at once', () => {
  const sent = new SentEvents({ since: START, marks: new Set() });
  let id = '';
  for (let index = 0; index < 1_000; index += 1) id = sent.add(change(START + 5, `vm ${index}`));
  expect(id.length).toBeLessThan(420);
  expect(resumed(id).has(change(START + 5, 'vm 999'))).toBe(true);
  expect(resumed(id).has(change(START + 5, 'vm 0')), 'it may come twice, but is not lost').toBe(false);
});

test.each([
  '',
  'x',
  '12',
  '.',
  '1.abc',
  '1.abcde!',
  `1.${'a'.repeat(6 * 65)}`,
  `${'9'.repeat(16)}.`,
  '-1.',
  '1.\n',
])('%j is no id', (id) => {
  expect(parseEventId(id)).toBeUndefined();
});
