import { describe, expect, test } from 'vitest';
import { requireUser, userIdOf } from '../../../../src/cloudvm/accounts/tokens/require-user.ts';
import { InvalidTokenError } from '../../../../src/cloudvm/accounts/tokens/token-claims.ts';
import { Tokens } from '../../../../src/cloudvm/accounts/tokens/tokens.ts';
import { InProcess } from '../../front-door/support/in-process.ts';

const USER = '0123456789abcdef01234567';
const SECRET = 'a secret that is long enough for it';
const tokens = new Tokens({ secrets: [SECRET], ttlSeconds: 60 });
const strangers = new Tokens({ secrets: ['a secret that somebody else has made'], ttlSeconds: 60 });

type Check = Parameters<typeof requireUser>[0]['checkSession'];

function open(checkSession: Check = () => {}, verifier: () => Tokens = () => tokens): InProcess {
  return new InProcess((router) => {
    const user = requireUser({ tokens: verifier, checkSession });
    router.get('/mine', user, (request, response) => response.text(userIdOf(request)));
    router.get('/open', (_, response) => response.text('open'));
  });
}

const token = () => tokens.issue(USER).token;
const bearer = (value: string) => ({ headers: { Authorization: value } });

describe('a request', () => {
  test('has the user of its token', async () => {
    expect(await open().ask('GET', '/mine', { token: token() })).toMatchObject({ status: 200, text: USER });
  });

  test.each(['bearer', 'BEARER', 'Bearer '])('may write the scheme as "%s"', async (scheme) => {
    expect((await open().ask('GET', '/mine', bearer(`${scheme} ${token()}`))).text).toBe(USER);
  });

  test.each([undefined, 'Basic dXNlcjpwYXNz', 'Bearerx abc', 'Digest a=b'])(
    'with the credentials "%s" has no token, and is told that the route needs one',
    async (value) => {
      const answer = await open().ask('GET', '/mine', value === undefined ? {} : bearer(value));
      expect(answer).toMatchObject({
        status: 401,
        headers: { 'www-authenticate': 'Bearer realm="cloudvm"' },
      });
    },
  );
});

const INVALID = ['Bearer', 'Bearer ', 'Bearer x', 'Bearer a.b.c', 'Bearer a.b.c d', 'Bearer ../..//.'];

describe('an invalid token', () => {
  test.each([...INVALID, 'Bearer a.b.c, Bearer d.e.f'])('is 401 where it is needed: "%s"', async (value) => {
    const http = open();
    const answer = await http.ask('GET', '/mine', bearer(value));
    expect(answer.status).toBe(401);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(answer.headers['www-authenticate']).toMatch(/^Bearer realm="cloudvm", error="invalid_token"/);
    expect(answer.json).toMatchObject({ status: 401, title: 'Unauthorized', instance: '/mine' });
    expect(http.errors).toEqual([]);
  });

  test.each(INVALID)('does not matter where nobody needs it: "%s"', async (value) => {
    const http = open();
    expect(await http.ask('GET', '/open', bearer(value))).toMatchObject({ status: 200, text: 'open' });
    expect((await http.ask('GET', '/nothing', bearer(value))).status).toBe(404);
    const other = await http.ask('DELETE', '/mine', bearer(value));
    expect(other.status).toBe(405);
    expect(other.headers['allow']).toContain('GET');
    expect((await http.ask('OPTIONS', '/mine', bearer(value))).status).toBe(204);
  });

  test('is told apart only if it has expired', async () => {
    const expired = new Tokens({ secrets: [SECRET], ttlSeconds: -1 });
    const answers = [expired.issue(USER).token, strangers.issue(USER).token, 'a.b.c'].map((sent) =>
      open().ask('GET', '/mine', { token: sent }),
    );
    const details = (await Promise.all(answers)).map((answer) => answer.json['detail']);
    expect(details).toEqual(['The token has expired.', 'The token is invalid.', 'The token is invalid.']);
  });
});

const withdrawn = () => {
  throw new InvalidTokenError('withdrawn');
};

test.each([
  ['at once', withdrawn],
  ['after a query', async () => withdrawn()],
])('a token that was withdrawn is refused, if that is known %s', async (_, check) => {
  const answer = await open(check).ask('GET', '/mine', { token: token() });
  expect(answer).toMatchObject({ status: 401, json: { detail: 'The token was withdrawn.' } });
});

test('an error that is not a verdict on the token is reported and answered with 500', async () => {
  const noSecrets = open(undefined, () => {
    throw new Error('no secrets');
  });
  const noDatabase = open(() => Promise.reject(new Error('no database')));
  for (const http of [noSecrets, noDatabase]) {
    expect((await http.ask('GET', '/mine', { token: token() })).status).toBe(500);
    expect(http.errors).toHaveLength(1);
  }
});
