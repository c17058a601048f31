import { expect, test } from 'vitest';
import { SUBJECT } from '../../../../src/cloudvm/accounts/tokens/authenticate.ts';
import { requireUser, userIdOf } from '../../../../src/cloudvm/accounts/tokens/require-user.ts';
import type { Handler } from '../../../../src/runtime/http/routing/handler.ts';
import { InProcess } from '../../front-door/support/in-process.ts';

const USER = '0123456789abcdef01234567';
const answer: Handler = (request, response) => response.text(userIdOf(request));

test('a route that needs a user accepts a request with a token and knows its user', async () => {
  const http = new InProcess((router) => {
    router.use((request) => request.set(SUBJECT, { userId: USER, expiresAt: 0 }));
    router.get('/mine', requireUser, answer);
  });
  expect(await http.ask('GET', '/mine')).toMatchObject({ status: 200, text: USER });
});

test('a request without a token is 401 if its route needs a user, and 404 or 405 if no route matches', async () => {
  const http = new InProcess((router) => router.get('/mine', requireUser, answer));
  const missing = await http.ask('GET', '/mine');
  expect(missing).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer realm="cloudvm"' } });
  expect((await http.ask('GET', '/nothing')).status).toBe(404);
  const other = await http.ask('DELETE', '/mine');
  expect(other.status).toBe(405);
  expect(other.headers['allow']).toContain('GET');
});
