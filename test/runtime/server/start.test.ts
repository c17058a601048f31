/** The start of a server: its first worker serves before the others have started. */

import { expect, test } from 'vitest';
import { Stage } from './support/stage.ts';
import { startWithFirstWorker } from './support/start.ts';

const LATE_APPLICATION = new URL('./fixtures/late-app.ts', import.meta.url).href;

test('a server answers when its first worker has started, and the other workers join as they come', async () => {
  using stage = new Stage();
  await using server = await startWithFirstWorker({ app: LATE_APPLICATION, workers: 3 }, stage);
  const pool = async () => (await fetch(`${server.url}/pool`)).json();
  expect(await pool()).toEqual({ size: 3, serving: 1, isFilling: true, leads: true });
  await Promise.all([stage.cue('started', 'slot 1'), stage.cue('started', 'slot 2')]);
  stage.release('everybody');
  await server.complete;
  expect(await pool()).toEqual({ size: 3, serving: 3, isFilling: false, leads: expect.any(Boolean) });
});

test('a server that is stopped while workers start ends in order', async () => {
  using stage = new Stage();
  await using server = await startWithFirstWorker({ app: LATE_APPLICATION, workers: 2 }, stage);
  await stage.cue('started', 'slot 1');
  const closed = server.close();
  stage.release('everybody');
  expect(await closed).toMatchObject({ orderly: true, workers: 0 });
});
