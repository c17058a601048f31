/** When the listening socket of a server that stops may close, with rounds of the event loop as they are. */

import { expect, test } from 'vitest';
import { acceptAll } from '../../../src/runtime/server/accept-all.ts';

test('clients are accepted until nobody has connected for some time', async () => {
  let looks = 0;
  const connections = {
    get accepted() {
      return Math.min(looks++, 50);
    },
  };
  await acceptAll(connections, 60_000);
  expect(looks).toBeGreaterThan(50);
});

test('the socket does not close in a round in which main is busy', async () => {
  let busyRounds = 20;
  const work = () => {
    if (busyRounds === 0) return;
    busyRounds--;
    for (const end = performance.now() + 1; performance.now() < end; );
    setImmediate(work);
  };
  setImmediate(work);
  await acceptAll({ accepted: 0 }, 60_000);
  expect(busyRounds).toBe(0);
});

test('clients that go on connecting delay the stop only for a time', async () => {
  let looks = 0;
  const connections = {
    get accepted() {
      return looks++;
    },
  };
  await acceptAll(connections, 50);
  expect(looks).toBeGreaterThan(0);
});
