import Type from 'typebox';
import { describe, expect, test } from 'vitest';
import { readBody } from '../../../src/cloudvm/validation/json-body.ts';
import { readQuery } from '../../../src/cloudvm/validation/query.ts';
import { Validator } from '../../../src/cloudvm/validation/validator.ts';
import { InProcess } from '../front-door/support/in-process.ts';

const body = new Validator(Type.Object({ text: Type.String() }, { additionalProperties: false }));
const query = new Validator(
  Type.Object(
    { limit: Type.Optional(Type.Integer({ minimum: 1 })), word: Type.Optional(Type.String()) },
    { additionalProperties: false },
  ),
);

const http = new InProcess((router) => {
  router.post('/body', (request, response) => response.json(readBody(request, body)));
  router.get('/query', (request, response) => response.json(readQuery(request, query)));
});

describe('a body', () => {
  test('is read if it matches its schema', async () => {
    expect((await http.ask('POST', '/body', { body: { text: '🚀' } })).json).toEqual({ text: '🚀' });
    expect((await http.ask('POST', '/body', { body: '{"text":"\\ud83d\\ude80"}' })).json).toEqual({
      text: '🚀',
    });
  });

  test.each([
    [400, 'is not JSON', '{"text":'],
    [400, 'has half a surrogate pair', '{"text":"\\ud83d"}'],
    [422, 'breaks its schema', '{"text":1}'],
    [422, 'has an unknown field', '{"text":"","more":""}'],
    [422, 'is nested without end', '['.repeat(100_000) + ']'.repeat(100_000)],
  ])('is answered with %i when it %s', async (status, _, text) => {
    expect((await http.ask('POST', '/body', { body: text })).status).toBe(status);
    expect(http.errors).toEqual([]);
  });

  test('is answered with 415 for another media type and with 411 when it is missing', async () => {
    const headers = { 'Content-Type': 'text/plain' };
    expect((await http.ask('POST', '/body', { body: '{"text":""}', headers })).status).toBe(415);
    expect((await http.ask('POST', '/body')).status).toBe(411);
  });
});

describe('a query', () => {
  test('has numbers for the integers of its schema', async () => {
    expect((await http.ask('GET', '/query?limit=7&word=7')).json).toEqual({ limit: 7, word: '7' });
    expect((await http.ask('GET', '/query')).json).toEqual({});
  });

  test.each(['07', '+7', '-7', '7.0', '1e2', '0x7', '7%20', '', '0', '9999999999999999', 'seven', '٧'])(
    'is answered with 422 when an integer is "%s"',
    async (text) => {
      const answer = await http.ask('GET', `/query?limit=${encodeURI(text).replaceAll('%25', '%')}`);
      expect(answer.status).toBe(422);
      expect(answer.json['errors']).toMatchObject([{ path: '/limit' }]);
    },
  );

  test.each([
    ['a name that is unknown', 'other=1', '/other'],
    ['a name that comes twice', 'word=a&word=b', '/word'],
    ['a name of prototypes', '__proto__=1', '/__proto__'],
    ['a name in brackets', 'limit[$gt]=1', '/limit[$gt]'],
  ])('is answered with 422 for %s', async (_, text, path) => {
    const answer = await http.ask('GET', `/query?${text}`);
    expect(answer.status).toBe(422);
    expect(answer.json['errors']).toMatchObject([{ path }]);
  });

  test('is answered with 400 when it cannot be decoded', async () => {
    expect((await http.ask('GET', '/query?word=%ff')).status).toBe(400);
  });
});
