/** The header fields that say when to come back: Retry-After, RateLimit and RateLimit-Policy. */
import { describe, expect, test } from 'vitest';
import { rateLimitOf } from '../../src/client/retries/rate-limit.ts';
import { retryAfterOf } from '../../src/client/retries/retry-after.ts';

function answer(fields: Readonly<Record<string, string>>): { header: (name: string) => string | undefined } {
  return { header: (name) => fields[name] };
}

describe('Retry-After', () => {
  const DATE = 'Sun, 06 Nov 1994 08:49:37 GMT';

  test.each([
    ['0', 0],
    [' 120 ', 120_000],
    ['Sun, 06 Nov 1994 08:49:40 GMT', 3_000],
    ['Sunday, 06-Nov-94 08:49:40 GMT', 3_000],
    ['Sun Nov  6 08:49:40 1994', 3_000],
    ['Sun, 06 Nov 1994 08:49:00 GMT', 0],
    ['-1', undefined],
    ['1.5', undefined],
    ['99999999999', undefined],
    ['1e3', undefined],
    ['soon', undefined],
    ['1994', 1_994_000],
    ['Sun, 99 Nov 1994 08:49:37 GMT', undefined],
    ['', undefined],
  ])('%j is a wait of %j ms', (text, expected) => {
    expect(retryAfterOf(answer({ 'retry-after': text, date: DATE }))).toBe(expected);
  });

  test('a date is seen from the own clock if the server does not tell the time', () => {
    const inAMinute = new Date(Date.now() + 60_000).toUTCString();
    const waitMs = retryAfterOf(answer({ 'retry-after': inAMinute }));
    expect(waitMs).toBeGreaterThan(30_000);
    expect(waitMs).toBeLessThanOrEqual(60_000);
  });
});

describe('RateLimit', () => {
  test.each([
    ['"a";r=5;t=30', { policy: 'a', remaining: 5, resetMs: 30_000 }],
    ['"a";r=5', { policy: 'a', remaining: 5, resetMs: undefined }],
    ['token;r=5', { policy: 'token', remaining: 5 }],
    ['"a, b;c" ; t=1 ; r=5', { policy: 'a, b;c', remaining: 5, resetMs: 1_000 }],
    ['"a";r=5;t=1;pk=:AAAA:;x="y, z";q', { remaining: 5, resetMs: 1_000 }],
    ['"a";r=5;t=1, "b";r=2;t=9', { policy: 'b' }],
    ['"a";r=0;t=1, "b";r=0;t=9', { policy: 'b' }],
    ['"a";t=1', undefined],
    ['"a";r=-1', undefined],
    ['"a;r=5', undefined],
    ['"a";r=5;;', undefined],
    ['limit=100, remaining=50, reset=30', undefined],
    [`"a";r=5;x="${'y'.repeat(2_000)}"`, undefined],
  ])('%j', (text, expected) => {
    const limit = rateLimitOf(answer({ ratelimit: text }));
    if (expected === undefined) expect(limit).toBeUndefined();
    else expect(limit).toMatchObject(expected);
  });

  test('has quota and window from the policy of the same name', () => {
    const fields = { ratelimit: '"a";r=5;t=30', 'ratelimit-policy': '"b";q=1;w=1, "a";q=600;w=60' };
    expect(rateLimitOf(answer(fields))).toMatchObject({ quota: 600, windowMs: 60_000 });
  });
});
