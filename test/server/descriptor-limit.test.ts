import { expect, test } from 'vitest';
import { affordableConnections } from '../../src/server/descriptor-limit.ts';

test('where descriptors are plenty, all connections that are wanted are had', () => {
  expect(affordableConnections(10_000, 12, 20_000)).toBe(10_000);
  expect(affordableConnections(10_000, 12, Number.POSITIVE_INFINITY)).toBe(10_000);
});

test('where they are few, enough stay free for threads and their databases', () => {
  expect(affordableConnections(10_000, 12, 1_024)).toBe(1_024 - 64 - 12 * 32);
});

test('where there are hardly any, some connections are had all the same', () => {
  expect(affordableConnections(10_000, 12, 128)).toBe(16);
  expect(affordableConnections(4, 12, 128)).toBe(4);
});
