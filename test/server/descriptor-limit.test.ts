import { expect, test } from 'vitest';
import { affordableConnections } from '../../src/server/descriptor-limit.ts';

test('where descriptors are plenty, all connections that are wanted are had', () => {
  expect(affordableConnections(10_000, 12, 20_000)).toBe(10_000);
  expect(affordableConnections(10_000, 12, Number.POSITIVE_INFINITY)).toBe(10_000);
});

test('where they are few, enough stay free for threads, their databases, and clients that are refused', () => {
  expect(affordableConnections(10_000, 12, 4_096)).toBe(4_096 - 64 - 12 * 32 - 256);
  expect(affordableConnections(10_000, 12, 1_024)).toBe(460);
});

test('where there are hardly any, some connections are had all the same', () => {
  expect(affordableConnections(10_000, 12, 128)).toBe(16);
  expect(affordableConnections(4, 12, 128)).toBe(4);
});
