import { expect, test } from 'vitest';
import { VerifiedTokens } from '../../../../src/cloudvm/accounts/tokens/verified-tokens.ts';

const subject = (expiresAt: number) => ({ userId: '0'.repeat(24), expiresAt, version: 0 });

test('a token is known by its whole text', () => {
  const tokens = new VerifiedTokens();
  tokens.set('aaa.bbb.ccc', subject(10));
  expect(tokens.get('aaa.bbb.ccc', 0)).toEqual(subject(10));
  expect(tokens.get('aaa.bbb.ccd', 0)).toBeUndefined();
  expect(tokens.get('aaa.bbb.cc', 0)).toBeUndefined();
});

test('a token is forgotten when it expires', () => {
  const tokens = new VerifiedTokens();
  tokens.set('a', subject(10));
  expect(tokens.get('a', 9)).toBeDefined();
  expect(tokens.get('a', 10)).toBeUndefined();
  expect(tokens.size).toBe(0);
});

test('the oldest token is evicted when the capacity is reached', () => {
  const tokens = new VerifiedTokens(2);
  for (const token of ['a', 'b', 'c']) tokens.set(token, subject(10));
  expect(tokens.size).toBe(2);
  expect(tokens.get('a', 0)).toBeUndefined();
  expect(tokens.get('c', 0)).toBeDefined();
});
