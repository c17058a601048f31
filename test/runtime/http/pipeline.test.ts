import { describe, expect, test } from 'vitest';
import {
  METHOD_GET,
  METHOD_HEAD,
  METHOD_POST,
  ROUTE_METHOD_NOT_ALLOWED,
  ROUTE_NOT_FOUND,
} from '../../../assembly/record.ts';
import type { Handler } from '../../../src/runtime/http/routing/handler.ts';
import type { Router } from '../../../src/runtime/http/routing/router.ts';
import { ask, problemOf } from './support/ask-pipeline.ts';
import { incoming } from './support/runtime-side.ts';

const later = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('the order of a request', () => {
  function noting(notes: string[], name: string, isAsynchronous = false): Handler {
    return isAsynchronous
      ? async () => {
          await later();
          notes.push(name);
        }
      : () => {
          notes.push(name);
        };
  }

  test('is global middleware, route middleware, handler, finishers', async () => {
    const notes: string[] = [];
    const outcome = await ask((router) => {
      router.use(noting(notes, 'global 1'), noting(notes, 'global 2'));
      router.get('/path', noting(notes, 'route 1'), noting(notes, 'route 2'), (_request, response) => {
        notes.push('handler');
        response.text('done');
      });
      router.finish(noting(notes, 'finisher'));
    });
    expect(notes).toEqual(['global 1', 'global 2', 'route 1', 'route 2', 'handler', 'finisher']);
    expect(outcome.response.body).toBe('done');
    expect(outcome.response.sealed).toBe(true);
    expect(outcome.wasAsynchronous).toBe(false);
  });

  test('has the middleware of groups between that of the router and that of the route', async () => {
    const register = (notes: string[]) => (router: Router) => {
      router.group('/outside', noting(notes, 'group 1'), noting(notes, 'group 2'), (outside) => {
        outside.group('/inside', noting(notes, 'inner group', true), (inside) => {
          inside.get('/path', noting(notes, 'route'), (_request, response) => response.text('inside'));
        });
        outside.get('', (_request, response) => response.text('outside'));
      });
      router.get('/path', (_request, response) => response.text('no group'));
      router.use(noting(notes, 'global'));
    };
    const outcomes = { inside: 0, outside: 1, 'no group': 2, 'no route': ROUTE_NOT_FOUND };
    const orders: Record<string, readonly string[]> = {
      inside: ['global', 'group 1', 'group 2', 'inner group', 'route'],
      outside: ['global', 'group 1', 'group 2'],
      'no group': ['global'],
      'no route': ['global'],
    };
    for (const [name, routeNumber] of Object.entries(outcomes)) {
      const notes: string[] = [];
      await ask(register(notes), { routeNumber });
      expect(notes, name).toEqual(orders[name]);
    }
  });

  test('is the same if some steps are asynchronous', async () => {
    const notes: string[] = [];
    const outcome = await ask((router) => {
      router.use(noting(notes, 'global 1'), noting(notes, 'global 2', true));
      router.get(
        '/path',
        noting(notes, 'route 1'),
        noting(notes, 'route 2', true),
        async (_request, response) => {
          await later();
          notes.push('handler');
          response.text('done');
        },
      );
      router.finish(noting(notes, 'finisher 1', true), noting(notes, 'finisher 2'));
    });
    expect(notes).toEqual([
      'global 1',
      'global 2',
      'route 1',
      'route 2',
      'handler',
      'finisher 1',
      'finisher 2',
    ]);
    expect(outcome.wasAsynchronous).toBe(true);
    expect(outcome.response.sealed).toBe(true);
  });

  test.each([false, true])(
    'ends with the middleware that answers (asynchronous: %s)',
    async (isAsynchronous) => {
      const notes: string[] = [];
      const { response } = await ask((router) => {
        router.use(
          noting(notes, 'first', isAsynchronous),
          (_request, response) => response.status(401).text('stop'),
          noting(notes, 'never'),
        );
        router.get('/path', noting(notes, 'never'));
      });
      expect(notes).toEqual(['first']);
      expect(response.statusCode).toBe(401);
    },
  );

  test('ends early for a client that is gone, without an error', async () => {
    const notes: string[] = [];
    const { response, errors } = await ask((router) => {
      router.use(async (request) => {
        await later();
        incoming(request).abort(new Error('gone'));
      });
      router.get('/path', noting(notes, 'never'));
    });
    expect(notes).toEqual([]);
    expect(errors).toEqual([]);
    expect(response.ended).toBe(false);
  });
});

describe('without a route', () => {
  const routes = (router: Router) => {
    router.use((_request, response) => void response.header('X-Middleware', 'ran'));
    router.get('/path', (_request, response) => response.empty());
    router.post('/path', (_request, response) => response.empty());
  };
  const allowed = (1 << METHOD_GET) | (1 << METHOD_HEAD) | (1 << METHOD_POST);

  test('an unknown path is 404, after the middleware', async () => {
    const outcome = await ask(routes, { path: '/a%20b?q', routeNumber: ROUTE_NOT_FOUND });
    expect(problemOf(outcome)).toMatchObject({
      status: 404,
      type: '/problems/not-found',
      title: 'Not Found',
      instance: '/a%20b',
    });
    expect(outcome.response.getHeader('X-Middleware')).toBe('ran');
    expect(outcome.errors).toEqual([]);
  });

  test.each(['DELETE', 'TRACE', 'BREW'])('%s on a known path is 405 with Allow', async (method) => {
    const outcome = await ask(routes, { method, routeNumber: ROUTE_METHOD_NOT_ALLOWED, allowed });
    expect(problemOf(outcome)).toMatchObject({ status: 405 });
    expect(outcome.response.getHeader('Allow')).toBe('GET, HEAD, POST, OPTIONS');
  });

  test('OPTIONS on a known path is 204 with Allow, on an unknown one 404', async () => {
    const known = await ask(routes, { method: 'OPTIONS', routeNumber: ROUTE_METHOD_NOT_ALLOWED, allowed });
    expect(known.response.statusCode).toBe(204);
    expect(known.response.getHeader('Allow')).toBe('GET, HEAD, POST, OPTIONS');
    const unknown = await ask(routes, { method: 'OPTIONS', routeNumber: ROUTE_NOT_FOUND });
    expect(unknown.response.statusCode).toBe(404);
  });

  test('OPTIONS * is 204 with the methods of the whole server', async () => {
    const { response } = await ask(routes, { method: 'OPTIONS', path: '*', routeNumber: ROUTE_NOT_FOUND });
    expect(response.statusCode).toBe(204);
    expect(response.getHeader('Allow')).toBe('GET, HEAD, POST, OPTIONS');
  });
});

describe('a conditional request', () => {
  const routes = (router: Router) => {
    router.get('/path', (_request, response) => {
      response.header('ETag', '"v1"').header('Cache-Control', 'no-cache').vary('Accept').json({ version: 1 });
    });
  };

  test.each(['"v1"', 'W/"v1"', '*', '"a", "v1"', '"with,comma" , W/"v1"'])(
    'a conditional request with If-None-Match: %s is 304 without content',
    async (list) => {
      for (const method of ['GET', 'HEAD']) {
        const { response } = await ask(routes, { method, fields: `If-None-Match: ${list}\r\n` });
        expect(response.statusCode).toBe(304);
        expect(response.body).toBeNull();
        expect([...response.headers]).toEqual([
          ['ETag', '"v1"'],
          ['Cache-Control', 'no-cache'],
          ['Vary', 'Accept'],
        ]);
      }
    },
  );

  test.each(['"v2"', 'v1', '"v1', '"x" "v1"', ''])(
    'a conditional request with If-None-Match: %s is 200',
    async (list) => {
      const { response } = await ask(routes, { fields: `If-None-Match: ${list}\r\n` });
      expect(response.statusCode).toBe(200);
      expect(response.body).toBe('{"version":1}');
    },
  );

  test('a conditional request is answered as any other where the answer is no representation', async () => {
    const gone = await ask(
      (router) => {
        router.get('/path', (_request, response) => response.status(410).header('ETag', '"v1"').json({}));
      },
      { fields: 'If-None-Match: "v1"\r\nIf-Match: "v2"\r\n' },
    );
    expect(gone.response.statusCode).toBe(410);
  });
});
