/** What the word about the workers that take requests tells. */
import { expect, test } from 'vitest';
import { ServingWorkers } from '../../../../src/runtime/memory/workers/serving-workers.ts';
import { createShared } from '../threads/shared.ts';

test('nobody leads where nobody serves, and else the worker in the lowest slot', () => {
  const main = new ServingWorkers(createShared({ connections: 4, workers: 3 }));
  expect(main).toMatchObject({ size: 3, serving: 0, first: undefined, isFilling: true });
  main.publish([1]);
  expect(main).toMatchObject({ serving: 1, first: 1, isFilling: true });
  main.publish([0, 1, 2]);
  expect(main).toMatchObject({ serving: 3, first: 0, isFilling: false });
  main.publish([2, 6]);
  expect(main).toMatchObject({ serving: 2, first: 2, isFilling: false });
  main.publish([]);
  expect(main).toMatchObject({ serving: 0, first: undefined, isFilling: false });
});
