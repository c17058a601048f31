import { expect, test } from 'vitest';
import { descriptorBudget } from '../../../../src/runtime/server/sockets/descriptor-limit.ts';

test('with plenty of descriptors, all connections that are wanted are granted', () => {
  expect(descriptorBudget(10_000, 12, 20_000)).toEqual({ connections: 10_000, refused: 256 });
  expect(descriptorBudget(10_000, 12, Number.POSITIVE_INFINITY)).toEqual({
    connections: 10_000,
    refused: 256,
  });
});

test('with few descriptors, enough stay free for threads, databases and refused clients', () => {
  const free = 1_024 - 64 - 12 * 32;
  expect(descriptorBudget(10_000, 12, 1_024)).toEqual({ connections: free - 115, refused: 115 });
});

test.each([128, 64 + 12 * 32, 64 + 12 * 32 + 15])(
  'with %i descriptors for 12 threads, the start is refused',
  (limit) => {
    expect(() => descriptorBudget(4, 12, limit)).toThrow(
      `the limit of open files is ${limit}, and 12 threads need 448 and connections the rest; raise it`,
    );
  },
);

test('with a few more, a small server starts', () => {
  expect(descriptorBudget(4, 12, 64 + 12 * 32 + 20)).toEqual({ connections: 4, refused: 4 });
});
