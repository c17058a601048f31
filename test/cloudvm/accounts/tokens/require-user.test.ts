import { describe, expect, test } from 'vitest';
import { requireUser, userIdOf } from '../../../../src/cloudvm/accounts/tokens/require-user.ts';
import { Tokens } from '../../../../src/cloudvm/accounts/tokens/tokens.ts';
import { InProcess } from '../../front-door/support/in-process.ts';

const USER = '0123456789abcdef01234567';
const tokens = new Tokens({ secrets: ['a secret that is long enough for it'], ttlSeconds: 60 });
const strangers = new Tokens({ secrets: ['a secret that somebody else has made'], ttlSeconds: 60 });

function open(): InProcess {
  const user = requireUser(() => tokens);
  return new InProcess((router) => {
    router.get('/mine', user, (request, response) => response.text(userIdOf(request)));
    router.get('/open', (_request, response) => response.text('open'));
  });
}

const bearer = (token: string) => ({ headers: { Authorization: token } });

describe('a route that needs a user', () => {
  test('accepts a request with a token and knows its user', async () => {
    const answer = await open().ask('GET', '/mine', { token: tokens.issue(USER) });
    expect(answer).toMatchObject({ status: 200, text: USER });
  });

  test.each(['bearer', 'BEARER', 'Bearer '])('accepts the scheme "%s"', async (scheme) => {
    const answer = await open().ask('GET', '/mine', bearer(`${scheme} ${tokens.issue(USER)}`));
    expect(answer.text).toBe(USER);
  });

  test.each(['', 'Basic dXNlcjpwYXNz', 'Bearerx abc', 'Digest a=b'])(
    'answers a request with "%s", which is no token, with 401',
    async (value) => {
      const answer = await open().ask('GET', '/mine', bearer(value));
      expect(answer).toMatchObject({
        status: 401,
        headers: { 'www-authenticate': 'Bearer realm="cloudvm"' },
      });
    },
  );

  test('answers a request without a token with 401', async () => {
    const answer = await open().ask('GET', '/mine');
    expect(answer).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer realm="cloudvm"' } });
  });

  test.each([strangers.issue(USER), '', 'x', 'a.b.c d', 'a.b.c, Bearer d.e.f', '../..//.'])(
    'answers the invalid token "%s" with 401',
    async (token) => {
      const http = open();
      const answer = await http.ask('GET', '/mine', bearer(`Bearer ${token}`));
      expect(answer.status).toBe(401);
      expect(answer.headers['content-type']).toBe('application/problem+json');
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer realm="cloudvm", error="invalid_token"/);
      expect(answer.json).toMatchObject({ status: 401, title: 'Unauthorized', instance: '/mine' });
      expect(http.errors).toEqual([]);
    },
  );

  test('says whether the token has expired and nothing else', async () => {
    const expired = new Tokens({ secrets: ['a secret that is long enough for it'], ttlSeconds: -1 });
    const answers = [expired.issue(USER), strangers.issue(USER), 'a.b.c'].map((token) =>
      open().ask('GET', '/mine', { token }),
    );
    const details = (await Promise.all(answers)).map((answer) => answer.json['detail']);
    expect(details).toEqual(['The token has expired.', 'The token is invalid.', 'The token is invalid.']);
  });

  test('reports an error that is not a verdict on the token, and answers with 500', async () => {
    const user = requireUser(() => {
      throw new Error('no secrets');
    });
    const http = new InProcess((router) =>
      router.get('/mine', user, (_request, response) => response.empty()),
    );
    expect((await http.ask('GET', '/mine', bearer('Bearer a.b.c'))).status).toBe(500);
    expect(http.errors).toHaveLength(1);
  });
});

describe.each([
  ['without a token', undefined],
  ['with an invalid token', strangers.issue(USER)],
])('a request %s', (_, token) => {
  const ask = (method: string, path: string) =>
    open().ask(method, path, token === undefined ? {} : { token });

  test('is 404 or 405 if no route matches', async () => {
    expect((await ask('GET', '/nothing')).status).toBe(404);
    expect(await ask('DELETE', '/mine')).toMatchObject({
      status: 405,
      headers: { allow: 'GET, HEAD, OPTIONS' },
    });
    expect((await ask('OPTIONS', '/mine')).status).toBe(204);
  });

  test('is answered by a route that is open to all', async () => {
    expect(await ask('GET', '/open')).toMatchObject({ status: 200, text: 'open' });
  });
});
