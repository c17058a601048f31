/** What the tests of the front door refuse: an answer that the OpenAPI document does not have. */
import { expect, test } from 'vitest';
import { assertDocumented, type ObservedAnswer } from '../front-door/support/documented-answers.ts';

const USER = { id: '66a1f0c2e4b0a1b2c3d4e5f6', email: 'ada@example.com', username: 'ada' };
const NOT_FOUND = { type: '/problems/not-found', title: 'Not Found', status: 404, detail: 'There is none.' };

function answer(
  request: string,
  status: number,
  json: unknown,
  fields: Readonly<Record<string, string>> = {},
): ObservedAnswer {
  const [method = '', target = ''] = request.split(' ');
  const contentType = status < 400 ? 'application/json' : 'application/problem+json';
  const headers = new Headers({ 'Content-Type': contentType, ...fields });
  return { method, target, status, header: (name) => headers.get(name), text: JSON.stringify(json) };
}

test.each([
  ['a documented answer', answer('GET /api/auth/me', 200, USER)],
  ['a documented refusal', answer('GET /api/vms/x?y=z', 404, NOT_FOUND)],
  ['that there is no such path', answer('GET /nothing', 404, NOT_FOUND)],
])('they take %s', (_, documented) => {
  expect(() => assertDocumented(documented)).not.toThrow();
});

test.each([
  ['a status', answer('GET /api/auth/me', 202, USER), 'status'],
  ['a field of the JSON', answer('GET /api/auth/me', 200, { ...USER, password: 'x' }), 'additional'],
  ['a missing field', answer('GET /api/auth/me', 200, { ...USER, id: undefined }), "'id'"],
  ['a media type', answer('GET /api/auth/me', 200, USER, { 'Content-Type': 'text/plain' }), 'media type'],
  ['a missing header field', answer('POST /api/auth/register', 201, { token: 't', user: USER }), 'Location'],
  ['content', answer('DELETE /api/snapshots/x', 204, {}), 'content'],
  ['a cause', answer('GET /api/vms/x', 404, { ...NOT_FOUND, type: '/problems/conflict' }), 'type'],
  ['an operation', answer('PUT /api/auth/me', 200, USER), 'no such operation'],
  ['a path', answer('GET /api/nothing', 200, {}), 'no such operation'],
])('they refuse %s that is not documented', (_, undocumented, reason) => {
  expect(() => assertDocumented(undocumented)).toThrow(reason);
});
