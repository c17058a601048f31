import { describe, expect, test } from 'vitest';
import { authenticate, SUBJECT } from '../../../../src/cloudvm/accounts/tokens/authenticate.ts';
import { Tokens } from '../../../../src/cloudvm/accounts/tokens/tokens.ts';
import type { Router } from '../../../../src/runtime/http/routing/router.ts';
import { InProcess } from '../../front-door/support/in-process.ts';

const USER = '0123456789abcdef01234567';
const tokens = new Tokens({ secrets: ['a secret that is long enough for it'], ttlSeconds: 60 });
const strangers = new Tokens({ secrets: ['a secret that somebody else has made'], ttlSeconds: 60 });

function open(): InProcess {
  return new InProcess((router: Router) => {
    router.use(authenticate(() => tokens));
    router.get('/who', (request, response) => response.json({ who: request.get(SUBJECT)?.userId ?? null }));
  });
}

const bearer = (token: string) => ({ headers: { Authorization: token } });

describe('a request', () => {
  test('has the user of its token', async () => {
    const answer = await open().ask('GET', '/who', { token: tokens.issue(USER) });
    expect(answer.json).toEqual({ who: USER });
  });

  test.each(['bearer', 'BEARER', 'Bearer '])('may write the scheme as "%s"', async (scheme) => {
    const answer = await open().ask('GET', '/who', bearer(`${scheme} ${tokens.issue(USER)}`));
    expect(answer.json).toEqual({ who: USER });
  });

  test('without a token goes on without a user', async () => {
    expect((await open().ask('GET', '/who')).json).toEqual({ who: null });
  });

  test.each(['Basic dXNlcjpwYXNz', 'Bearerx abc', 'Digest a=b'])('with "%s" has no token', async (value) => {
    expect((await open().ask('GET', '/who', bearer(value))).json).toEqual({ who: null });
  });
});

describe('an invalid token is answered with 401', () => {
  test.each([
    ['/who', 'GET'],
    ['/unknown', 'GET'],
    ['/who', 'DELETE'],
    ['/who', 'OPTIONS'],
  ])('on %s with %s', async (path, method) => {
    const answer = await open().ask(method, path, { token: strangers.issue(USER) });
    expect(answer.status).toBe(401);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(answer.headers['www-authenticate']).toMatch(/^Bearer realm="cloudvm", error="invalid_token"/);
    expect(answer.json).toMatchObject({ status: 401, title: 'Unauthorized', instance: path });
  });

  test.each([
    'Bearer',
    'Bearer ',
    'Bearer x',
    'Bearer a.b.c d',
    'Bearer a.b.c, Bearer d.e.f',
    'Bearer ../..//.',
  ])('when it is "%s"', async (value) => {
    const http = open();
    expect((await http.ask('GET', '/who', bearer(value))).status).toBe(401);
    expect(http.errors).toEqual([]);
  });

  test('that says whether the token has expired and nothing else', async () => {
    const expired = new Tokens({ secrets: ['a secret that is long enough for it'], ttlSeconds: -1 });
    const answers = [expired.issue(USER), strangers.issue(USER), 'a.b.c'].map((token) =>
      open().ask('GET', '/who', { token }),
    );
    const details = (await Promise.all(answers)).map((answer) => answer.json['detail']);
    expect(details).toEqual(['The token has expired.', 'The token is invalid.', 'The token is invalid.']);
  });
});

test('an error that is not a verdict on the token is reported and answered with 500', async () => {
  const http = new InProcess((router) => {
    router.use(
      authenticate(() => {
        throw new Error('no secrets');
      }),
    );
  });
  expect((await http.ask('GET', '/', bearer('Bearer a.b.c'))).status).toBe(500);
  expect(http.errors).toHaveLength(1);
});
