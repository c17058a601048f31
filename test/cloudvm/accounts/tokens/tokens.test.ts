import { createHmac } from 'node:crypto';
import { createSigner } from 'fast-jwt';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { InvalidTokenError } from '../../../../src/cloudvm/accounts/tokens/token-claims.ts';
import { Tokens } from '../../../../src/cloudvm/accounts/tokens/tokens.ts';

const SECRET = 'the first secret, which is long enough';
const OTHER_SECRET = 'another secret, which is long enough too';
const USER = '0123456789abcdef01234567';
const HOUR = 3600;

const tokens = new Tokens({ secrets: [SECRET], ttlSeconds: HOUR });

/** A token made by hand, so that a test can change one part of it. */
function forge(
  claims: object,
  header: object = { alg: 'HS256', typ: 'JWT' },
  secret = SECRET,
  hash = 'sha256',
) {
  const input = `${encode(header)}.${encode(claims)}`;
  return `${input}.${createHmac(hash, secret).update(input).digest('base64url')}`;
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

const now = () => Math.floor(Date.now() / 1000);
const claims = () => ({ sub: USER, iat: now(), exp: now() + HOUR });

function failureOf(token: string, verifier: Tokens = tokens): InvalidTokenError {
  try {
    verifier.verify(token);
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidTokenError);
    return error as InvalidTokenError;
  }
  throw new Error('the token was accepted');
}

afterEach(() => {
  vi.useRealTimers();
});

describe('a token', () => {
  test('names the user that it was issued to', () => {
    const { userId, expiresAt } = tokens.verify(tokens.issue(USER).token);
    expect(userId).toBe(USER);
    expect(expiresAt - now()).toBeGreaterThan(HOUR - 5);
  });

  test('is issued with its expiry, and for one version of the user’s tokens', () => {
    const issued = tokens.issue(USER, 7);
    const { exp } = JSON.parse(Buffer.from(issued.token.split('.')[1] ?? '', 'base64url').toString());
    expect(tokens.verify(issued.token)).toEqual({ userId: USER, expiresAt: exp, version: 7 });
    expect(issued.expiresAt).toBe(exp);
  });

  test('is HS256 and has sub, iat and exp', () => {
    const [header = '', payload = ''] = tokens.issue(USER).token.split('.');
    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({ alg: 'HS256', typ: 'JWT' });
    const content = JSON.parse(Buffer.from(payload, 'base64url').toString());
    expect(Object.keys(content).sort()).toEqual(['exp', 'iat', 'sub']);
    expect(content.exp - content.iat).toBe(HOUR);
  });

  test('made by hand with the right secret is accepted, so each forgery below has one flaw only', () => {
    expect(tokens.verify(forge(claims())).userId).toBe(USER);
  });
});

describe('a token is refused', () => {
  test.each([
    ['without a signature, with the algorithm none', () => `${encode({ alg: 'none' })}.${encode(claims())}.`],
    ['with the algorithm none and a signature', () => forge(claims(), { alg: 'none' })],
    ['with an empty signature', () => `${encode({ alg: 'HS256' })}.${encode(claims())}.`],
    ['with another algorithm of the same secret', () => forge(claims(), { alg: 'HS512' }, SECRET, 'sha512')],
    ['with an asymmetric algorithm', () => forge(claims(), { alg: 'RS256' })],
    ['without an algorithm', () => forge(claims(), { typ: 'JWT' })],
    ['signed with another secret', () => forge(claims(), { alg: 'HS256' }, OTHER_SECRET)],
    ['with an unknown critical extension', () => forge(claims(), { alg: 'HS256', crit: ['x'], x: 1 })],
    ['that has lost its end', () => tokens.issue(USER).token.slice(0, -1)],
    ['that has lost its beginning', () => tokens.issue(USER).token.slice(1)],
    ['with something after it', () => `${tokens.issue(USER).token}=`],
    ['without sub', () => forge({ ...claims(), sub: undefined })],
    ['without iat', () => forge({ ...claims(), iat: undefined })],
    ['without exp', () => forge({ ...claims(), exp: undefined })],
    ['with a sub that is not an id', () => forge({ ...claims(), sub: 'admin' })],
    ['with a sub that is not text', () => forge({ ...claims(), sub: { $ne: null } })],
    ['with an exp that is text', () => forge({ ...claims(), exp: String(now() + HOUR) })],
    ['with an exp that is not a number', () => forge({ ...claims(), exp: null })],
    ['with an iat in the future', () => forge({ ...claims(), iat: now() + 600 })],
    ['that is not valid yet', () => forge({ ...claims(), nbf: now() + 600 })],
    ['with claims that are not an object', () => forge([])],
    ['that is longer than any of ours', () => forge({ ...claims(), padding: 'x'.repeat(2000) })],
    ['with a version that is not a number', () => forge({ ...claims(), ver: '0' })],
    ['with a version below all', () => forge({ ...claims(), ver: -1 })],
    ['with a version between two', () => forge({ ...claims(), ver: 0.5 })],
    ['that is empty', () => ''],
    ['that is not a JWT', () => 'not.a.token'],
  ])('%s', (_, make) => {
    expect(failureOf(make()).reason).toBe('invalid');
  });

  test('with the claims of another token', () => {
    const [header, , signature] = tokens.issue(USER).token.split('.');
    expect(failureOf(`${header}.${encode({ ...claims(), sub: 'f'.repeat(24) })}.${signature}`).reason).toBe(
      'invalid',
    );
  });

  test('in every spelling but one', () => {
    const { token } = tokens.issue(USER);
    expect(tokens.verify(token).userId).toBe(USER);
    const signature = token.slice(token.lastIndexOf('.') + 1);
    const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const others = [...digits].map((last) => token.slice(0, -1) + last).filter((other) => other !== token);
    const sameSignature = others.filter((other) =>
      Buffer.from(other.slice(-signature.length), 'base64url').equals(Buffer.from(signature, 'base64url')),
    );
    expect(sameSignature).toHaveLength(3);
    for (const other of others) expect(failureOf(other).reason).toBe('invalid');
  });

  test('from the second of its expiry on, and is called expired', () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const token = tokens.issue(USER).token;
    vi.setSystemTime((tokens.verify(token).expiresAt - 1) * 1000);
    expect(tokens.verify(token).userId).toBe(USER);
    vi.setSystemTime(tokens.verify(token).expiresAt * 1000);
    expect(failureOf(token).reason).toBe('expired');
    expect(failureOf(token, new Tokens({ secrets: [SECRET], ttlSeconds: HOUR })).reason).toBe('expired');
  });
});

describe('with several secrets', () => {
  const rotated = new Tokens({ secrets: [OTHER_SECRET, SECRET], ttlSeconds: HOUR });

  test('the first signs and all verify', () => {
    expect(rotated.verify(tokens.issue(USER).token).userId).toBe(USER);
    expect(rotated.verify(rotated.issue(USER).token).userId).toBe(USER);
    expect(failureOf(rotated.issue(USER).token).reason).toBe('invalid');
  });

  test('an expired token of an old secret is called expired', () => {
    const old = createSigner({ key: SECRET, algorithm: 'HS256' })({
      sub: USER,
      iat: now() - 60,
      exp: now() - 1,
    });
    expect(failureOf(old, rotated).reason).toBe('expired');
  });
});
