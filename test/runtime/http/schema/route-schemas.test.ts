import Type, { type Static, type TSchema } from 'typebox';
import { Compile, Errors } from 'typebox/schema';
import { describe, expect, expectTypeOf, test } from 'vitest';
import {
  HttpProblem,
  type Schema,
  type SchemaIssue,
  withSchema,
} from '../../../../src/runtime/application.ts';
import { RouterError } from '../../../../src/runtime/http/application-errors.ts';
import { Router } from '../../../../src/runtime/http/routing/router.ts';
import { serve } from '../support/with-core.ts';

/** As an application would adapt a library that does not know Standard Schema. */
function typebox<T extends TSchema>(schema: T): Schema<Static<T>> {
  const compiled = Compile(schema);
  const validate = (value: unknown) =>
    compiled.Check(value)
      ? { value: value as Static<T> }
      : {
          issues: Errors(schema, value)[1].map(({ instancePath, message }) => ({
            path: instancePath.split('/').slice(1),
            message,
          })),
        };
  const jsonSchema = () => schema as Record<string, unknown>;
  return {
    '~standard': {
      version: 1,
      vendor: 'typebox',
      validate,
      jsonSchema: { input: jsonSchema, output: jsonSchema },
    },
  };
}

/** Of a schema that always finds these issues. */
function finding(...issues: SchemaIssue[]): Schema<never> {
  return { '~standard': { version: 1, vendor: 'test', validate: () => ({ issues }) } };
}

/** Turns text into a number, after a round of the event loop. */
const laterNumber: Schema<{ readonly limit: number }> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: async (value) => {
      await new Promise((resolve) => setImmediate(resolve));
      const { limit } = value as { readonly limit?: unknown };
      const number = Number(limit);
      return Number.isNaN(number)
        ? { issues: [{ path: [{ key: 'limit' }], message: 'must be a number' }] }
        : { value: { limit: number } };
    },
  },
};

const anything: Schema = { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } };
const newNote = typebox(
  Type.Object({ title: Type.String({ minLength: 1 }) }, { additionalProperties: false }),
);

function post(path: string, body: string, type = 'application/json'): string {
  const length = Buffer.byteLength(body, 'latin1');
  return `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: ${type}\r\nContent-Length: ${length}\r\n\r\n${body}`;
}

const get = (target: string) => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;

function problemIn(answer: string) {
  return JSON.parse(Buffer.from(answer.slice(answer.indexOf('\r\n\r\n') + 4), 'latin1').toString());
}

/** Both ways to give a route its schemas. */
const WAYS: Readonly<Record<string, (router: Router) => void>> = {
  'as options of the route': (router) => {
    router
      .post('/notes', { body: newNote }, (_request, response, { body }) =>
        response.status(201).text(body.title),
      )
      .get('/notes', { query: laterNumber }, (_request, response, { query }) => response.json(query));
  },
  'around the handler': (router) => {
    router
      .post(
        '/notes',
        withSchema({ body: newNote }, (_request, response, { body }) =>
          response.status(201).text(body.title),
        ),
      )
      .get(
        '/notes',
        withSchema({ query: laterNumber }, (_request, response, { query }) => response.json(query)),
      );
  },
};

describe.each(Object.entries(WAYS))('schemas %s', (_name, register) => {
  const { answer } = serve(register);

  test('give the handler what has passed them', async () => {
    expect(await answer(post('/notes', '{"title":"milk"}'))).toMatch(/^HTTP\/1\.1 201 .*\r\n\r\nmilk$/s);
    expect(await answer(get('/notes?limit=20'))).toMatch(/\r\n\r\n{"limit":20}$/);
  });

  test('refuse the rest before the handler: 415, 400, or 422 with JSON pointers', async () => {
    expect(await answer(post('/notes', 'title=milk', 'text/plain'))).toMatch(/^HTTP\/1\.1 415 /);
    expect(await answer(post('/notes', '{'))).toMatch(/^HTTP\/1\.1 400 /);
    const refused = await answer(post('/notes', '{"title":""}'));
    expect(refused).toMatch(/^HTTP\/1\.1 422 /);
    expect(problemIn(refused)).toMatchObject({
      detail: 'The body of the request does not match its schema. See errors.',
      errors: [{ path: '/title', message: expect.any(String) }],
    });
    expect(problemIn(await answer(get('/notes?limit=x')))).toMatchObject({
      status: 422,
      detail: 'The query of the request does not match its schema. See errors.',
      errors: [{ path: '/limit', message: 'must be a number' }],
    });
  });

  test('are checked before the preconditions, as only a request that succeeds has any', async () => {
    const conditional = (body: string) => post('/notes', body).replace('\r\n', '\r\nIf-None-Match: *\r\n');
    expect(await answer(conditional('{"title":""}'))).toMatch(/^HTTP\/1\.1 422 /);
    expect(await answer(conditional('{"title":"milk"}'))).toMatch(/^HTTP\/1\.1 412 /);
  });

  test('are listed by the router', () => {
    const router = new Router();
    register(router);
    router.compile(() => {});
    expect(router.routes).toEqual([
      { method: 'POST', path: '/notes', schemas: { body: newNote } },
      { method: 'GET', path: '/notes', schemas: { query: laterNumber } },
    ]);
  });
});

test('parameters are checked first, then the query, then the body, after the middleware of the route', async () => {
  const seen: string[] = [];
  const noting = (name: string): Schema => ({
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value) => {
        seen.push(name);
        return name === 'query' && seen.length < 4 ? Promise.resolve({ value }) : { value };
      },
    },
  });
  const schemas = { body: noting('body'), query: noting('query'), parameters: noting('parameters') };
  const { answer } = serve((router) => {
    router.post(
      '/:id',
      schemas,
      () => void seen.push('middleware'),
      (request, response, values) => {
        response.json({ id: request.parameter('id'), ...values });
      },
    );
    router.post(
      '/refused/:id',
      schemas,
      () => {
        throw new HttpProblem(401, 'Who are you?');
      },
      (_request, response) => response.empty(),
    );
  });
  expect(problemIn(await answer(post('/7?a=1&a=2', '[true]')))).toEqual({
    id: '7',
    parameters: { id: '7' },
    query: { a: ['1', '2'] },
    body: [true],
  });
  expect(seen).toEqual(['middleware', 'parameters', 'query', 'body']);
  expect(await answer(post('/refused/7', '{'))).toMatch(/^HTTP\/1\.1 401 /);
  expect(seen).toHaveLength(4);
});

test('what a client reads of its mistakes is bounded, whatever it has sent', async () => {
  const long = 'x'.repeat(10_000);
  const issues = Array.from({ length: 1_000 }, (_, index) => ({
    path: ['~', 'a/b', index, long],
    message: long,
  }));
  const { answer } = serve((router) => {
    router.post('/', { body: finding(...issues) }, (_request, response) => response.empty());
    router.post('/whole', { body: finding({ message: 'is wrong' }) }, (_request, response) =>
      response.empty(),
    );
  });
  const { errors } = problemIn(await answer(post('/', '{}')));
  expect(errors).toHaveLength(20);
  expect(errors[7].path).toMatch(/^\/~0\/a~1b\/7\/x{1,200}…$/);
  expect(errors[7].message).toMatch(/^x{1,200}…$/);
  expect(problemIn(await answer(post('/whole', '{}'))).errors).toEqual([{ path: '', message: 'is wrong' }]);
});

test('a body with half of a surrogate pair is refused, wherever it stands', async () => {
  const { answer } = serve((router) => {
    router.post('/', { body: anything }, (_request, response) => response.empty());
  });
  const wide = (text: string) => `[${text}${',0'.repeat(300_000)}]`;
  const deep = (text: string) => `${'['.repeat(100_000)}${text}${']'.repeat(100_000)}`;
  for (const body of [
    '"\\ud800"',
    '{"\\uDFFF":1}',
    '{"a":["\\ud83d\\ud83d\\ude00"]}',
    deep('"\\ud800"'),
    wide('"\\ud800"'),
  ]) {
    expect(await answer(post('/', body)), body.slice(0, 40)).toMatch(/^HTTP\/1\.1 400 /);
  }
  for (const body of [
    '"\\ud83d\\ude00"',
    '{"a":"\\\\ud800"}',
    deep('"\\ud83d\\ude00"'),
    wide('"\\ud83d\\ude00"'),
  ]) {
    expect(await answer(post('/', body)), body.slice(0, 40)).toMatch(/^HTTP\/1\.1 204 /);
  }
});

test('schemas of responses are listed, and the handler runs as it is', () => {
  const router = new Router()
    .get('/a', { responses: { 200: newNote } }, (_request, response) => response.empty())
    .get(
      '/b',
      { responses: { 200: newNote } },
      withSchema({ query: laterNumber }, (_request, response) => response.empty()),
    )
    .group('/c', (c) => void c.get('/d', (_request, response) => response.empty()));
  expect(router.routes.map(({ schemas }) => schemas)).toEqual([
    { responses: { 200: newNote } },
    { query: laterNumber, responses: { 200: newNote } },
    {},
  ]);
});

test('what is no schema, and an option that does not exist, are refused when the route is registered', () => {
  const register = (options: object) => () =>
    Reflect.apply(new Router().post, undefined, ['/', options, () => {}]);
  expect(register({ body: {} })).toThrow(RouterError);
  expect(register({ query: newNote, body: { type: 'object' } })).toThrow(
    'The schema of the body has no "~standard"',
  );
  expect(register({ bdy: newNote })).toThrow('POST / has no option "bdy"');
});

test('the log names the handler behind its schemas', () => {
  function createNote(): void {}
  expect(withSchema({ body: newNote }, createNote).name).toBe('createNote');
});

test('the values have the types of the schemas, and only these', () => {
  const router = new Router();
  router.post(
    '/:id',
    { body: newNote, query: laterNumber },
    (request, _response, { body, query, parameters }) => {
      expectTypeOf(request.parameter).parameter(0).toEqualTypeOf<'id'>();
      expectTypeOf(body).toEqualTypeOf<{ title: string }>();
      expectTypeOf(query).toEqualTypeOf<{ readonly limit: number }>();
      expectTypeOf(parameters).toEqualTypeOf<undefined>();
    },
  );
  router.group('/users/:user', (user) => {
    // @ts-expect-error The body has no such field.
    user.post('/a', { body: newNote }, (_request, response, { body }) => response.text(body.titel));
    // @ts-expect-error There is no schema for the query.
    user.post('/b', { body: newNote }, (_request, response, { query }) => response.text(query.title));
    // @ts-expect-error The path has no such parameter.
    user.post('/d', { body: newNote }, (request, response) => response.text(request.parameter('usr')));
  });
  // @ts-expect-error There is no such option.
  expect(() => router.post('/c', { bdy: newNote }, (_request, response) => response.empty())).toThrow();
  const apart = withSchema({ body: newNote }, (_request, response, { body }) => response.text(body.title));
  router.put('/apart', apart);
});
