import { describe, expect, test } from 'vitest';
import {
  METHOD_GET,
  METHOD_HEAD,
  METHOD_POST,
  ROUTE_METHOD_NOT_ALLOWED,
  ROUTE_NOT_FOUND,
} from '../../../assembly/record.ts';
import { HttpProblem } from '../../../src/runtime/http/problem.ts';
import type { IncomingRequest } from '../../../src/runtime/http/request/incoming-request.ts';
import { OutgoingResponse } from '../../../src/runtime/http/response/outgoing-response.ts';
import type { Handler } from '../../../src/runtime/http/routing/handler.ts';
import { Router } from '../../../src/runtime/http/routing/router.ts';
import { fakeRequest } from './support/fake-request.ts';
import { incoming, outgoing } from './support/runtime-side.ts';

interface Outcome {
  readonly response: OutgoingResponse;
  readonly errors: unknown[];
  readonly wasAsynchronous: boolean;
}

interface Question {
  readonly method?: string;
  readonly path?: string;
  readonly fields?: string;
  readonly routeNumber?: number;
  readonly allowed?: number;
  readonly before?: (request: IncomingRequest) => void;
}

async function ask(register: (router: Router) => void, question: Question = {}): Promise<Outcome> {
  const router = new Router();
  register(router);
  const errors: unknown[] = [];
  const pipeline = router.compile((error) => errors.push(error));
  const line = `${question.method ?? 'GET'} ${question.path ?? '/path'} HTTP/1.1\r\n`;
  const { request } = fakeRequest(`${line}Host: a\r\n${question.fields ?? ''}\r\n`, {
    routeNumber: question.routeNumber ?? 0,
    allowed: question.allowed ?? 0,
  });
  question.before?.(request);
  const response = new OutgoingResponse(request);
  const pending = pipeline.run(request, response);
  await pending;
  return { response, errors, wasAsynchronous: pending !== undefined };
}

function problemOf(outcome: Outcome): Record<string, unknown> {
  expect(outcome.response.headers.contentType).toBe('application/problem+json');
  return JSON.parse(outcome.response.body as string);
}

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

describe('a handler that fails', () => {
  const secret = new Error('password=hunter2 at db.internal');
  const failures: [string, Handler][] = [
    [
      'throws',
      () => {
        throw secret;
      },
    ],
    ['rejects', () => Promise.reject(secret)],
    [
      'rejects later',
      async () => {
        await later();
        throw secret;
      },
    ],
  ];

  test.each(failures)(
    '(%s) is answered with a 500 without details, and is reported',
    async (_name, handler) => {
      const outcome = await ask((router) => {
        router.get('/path', handler);
      });
      expect(problemOf(outcome)).toMatchObject({ status: 500, instance: '/path' });
      expect(outcome.response.body).not.toContain('hunter2');
      expect(outcome.errors).toEqual([secret]);
    },
  );

  test.each([undefined, null, 'text', 42])(
    'a handler may throw %j, which is not an Error',
    async (thrown) => {
      const outcome = await ask((router) => {
        router.get('/path', () => {
          throw thrown;
        });
      });
      expect(problemOf(outcome)).toMatchObject({ status: 500 });
      expect(outcome.errors).toEqual([thrown]);
    },
  );

  test('an HttpProblem that a handler throws becomes the answer and is not reported', async () => {
    const outcome = await ask((router) => {
      router.get('/path', () => {
        throw new HttpProblem(401, 'Log in first.', {
          headers: { 'WWW-Authenticate': 'Bearer' },
          cause: secret,
        });
      });
    });
    expect(problemOf(outcome)).toMatchObject({ status: 401, detail: 'Log in first.' });
    expect(outcome.response.body).not.toContain('hunter2');
    expect(outcome.response.getHeader('WWW-Authenticate')).toBe('Bearer');
    expect(outcome.errors).toEqual([]);
  });

  test('the error of a handler keeps the headers of middleware and loses those of the content', async () => {
    const outcome = await ask((router) => {
      router.use(
        (_request, response) => void response.header('Access-Control-Allow-Origin', '*').vary('Origin'),
      );
      router.get('/path', (_request, response) => {
        response.header('ETag', '"1"').header('Cache-Control', 'max-age=60').header('Location', '/x');
        response.header('Content-Encoding', 'br').header('Content-Type', 'image/png').status(201);
        throw secret;
      });
    });
    expect([...outcome.response.headers]).toEqual([
      ['Content-Type', 'application/problem+json'],
      ['Access-Control-Allow-Origin', '*'],
      ['Vary', 'Origin'],
    ]);
    expect(outcome.response.statusCode).toBe(500);
  });

  test.each([
    ['anything', secret, 500],
    ['a problem', new HttpProblem(403, 'No.'), 403],
  ])('a handler that throws %s sends none of its cookies', async (_what, thrown, status) => {
    const outcome = await ask((router) => {
      router.use((_request, response) => void response.vary('Origin'));
      router.get('/path', (_request, response) => {
        response.cookie('session', 'of somebody');
        throw thrown;
      });
    });
    expect(outcome.response.statusCode).toBe(status);
    expect(outcome.response.getHeader('Set-Cookie')).toBeUndefined();
    expect(outcome.response.getHeader('Vary')).toBe('Origin');
  });

  test('a handler may set a cookie on a problem with which it ends the response', async () => {
    const outcome = await ask((router) => {
      router.get('/path', (_request, response) => response.clearCookie('session').problem(401, 'Log in.'));
    });
    expect(outcome.response.getHeader('Set-Cookie')).toMatch(/^session=;/);
  });

  test('a handler that fails after it has ended the response is a 500, and its stream is released', async () => {
    let released = false;
    const outcome = await ask((router) => {
      router.get('/path', (_request, response) => {
        response.stream(
          Object.assign((async function* () {})(), {
            [Symbol.asyncDispose]: async () => {
              released = true;
            },
          }),
        );
        throw secret;
      });
    });
    expect(problemOf(outcome)).toMatchObject({ status: 500 });
    expect(released).toBe(true);
  });

  test('a stream with a status that has no content is a 500 and is released', async () => {
    const released = Promise.withResolvers<void>();
    const outcome = await ask((router) => {
      router.get('/path', (_request, response) => {
        const stream = Object.assign((async function* () {})(), {
          [Symbol.asyncDispose]: async () => released.resolve(),
        });
        response.stream(stream);
        response.status(204);
      });
    });
    expect(problemOf(outcome)).toMatchObject({ status: 500 });
    expect(outcome.errors).toMatchObject([{ code: 'ERR_BODY' }]);
    await released.promise;
  });

  test('a handler that fails because its client is gone is not reported', async () => {
    const outcome = await ask((router) => {
      router.get('/path', async (request) => {
        await later();
        incoming(request).abort(new Error('gone'));
        request.signal.throwIfAborted();
      });
    });
    expect(outcome.errors).toEqual([]);
  });

  test('a handler that fails because the runtime has answered in its place is not reported', async () => {
    const outcome = await ask((router) => {
      router.get('/path', async (request, response) => {
        outgoing(response).reset();
        outgoing(response).endWithProblem(new HttpProblem(504, 'Too late.'));
        outgoing(response).seal();
        incoming(request).abort(new DOMException('Too late', 'TimeoutError'));
        await later();
        response.text('late');
      });
    });
    expect(problemOf(outcome)).toMatchObject({ status: 504 });
    expect(outcome.errors).toEqual([]);
  });

  test('a handler that fails on its own after its client is gone is reported, not answered', async () => {
    const outcome = await ask((router) => {
      router.get('/path', async (request) => {
        incoming(request).abort(new Error('gone'));
        throw secret;
      });
    });
    expect(outcome.errors).toEqual([secret]);
    expect(outcome.response.ended).toBe(false);
  });

  test('a problem whose own headers cannot be sent is a 500', async () => {
    const outcome = await ask((router) => {
      router.get('/path', () => {
        throw new HttpProblem(400, 'x', { headers: { 'X-A': 'a\r\nb' } });
      });
    });
    expect(problemOf(outcome)).toMatchObject({ status: 500 });
    expect(outcome.errors).toHaveLength(1);
  });

  test('a handler that never answers is a 500, with a report that names route and handler', async () => {
    function forgetful(): void {}
    async function forgetfulLater(): Promise<void> {}
    for (const handler of [forgetful, forgetfulLater]) {
      const outcome = await ask((router) => {
        router.get('/path', handler);
      });
      expect(problemOf(outcome)).toMatchObject({ status: 500 });
      const message = expect.stringContaining(`The handler of GET /path (${handler.name}) has not ended`);
      expect(outcome.errors).toMatchObject([{ code: 'ERR_RESPONSE_MISSING', message }]);
    }
  });

  test('a finisher that fails is a 500', async () => {
    for (const finisher of [
      () => {
        throw secret;
      },
      () => Promise.reject(secret),
    ]) {
      const outcome = await ask((router) => {
        router.get('/path', (_request, response) => response.text('fine'));
        router.finish(finisher);
      });
      expect(problemOf(outcome)).toMatchObject({ status: 500 });
      expect(outcome.errors).toEqual([secret]);
    }
  });

  test('a handler can change nothing after the runtime has answered in its place', async () => {
    const outcome = await ask((router) => {
      router.get('/path', async (_request, response) => {
        response.text('first');
        outgoing(response).seal();
        await later();
        response.text('too late');
      });
    });
    expect(outcome.response.body).toBe('first');
    expect(outcome.errors).toMatchObject([{ code: 'ERR_RESPONSE_SENT' }]);
  });
});

test('an error listener that throws does not fail the request', async () => {
  const router = new Router().get('/path', () => {
    throw new Error('inner');
  });
  const pipeline = router.compile(() => {
    throw new Error('listener');
  });
  const { request } = fakeRequest('GET /path HTTP/1.1\r\nHost: a\r\n\r\n', { routeNumber: 0 });
  const response = new OutgoingResponse(request);
  const warned = new Promise<Error>((resolve) => process.once('warning', resolve));
  expect(pipeline.run(request, response)).toBeUndefined();
  expect(response.statusCode).toBe(500);
  expect((await warned).message).toBe('listener');
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
