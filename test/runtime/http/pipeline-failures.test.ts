/** What a client gets and what is reported when a handler, a finisher or a listener fails. */
import { describe, expect, test } from 'vitest';
import { HttpProblem } from '../../../src/runtime/http/problem.ts';
import { OutgoingResponse } from '../../../src/runtime/http/response/outgoing-response.ts';
import type { Handler } from '../../../src/runtime/http/routing/handler.ts';
import { Router } from '../../../src/runtime/http/routing/router.ts';
import { ask, problemOf } from './support/ask-pipeline.ts';
import { fakeRequest } from './support/fake-request.ts';
import { incoming, outgoing } from './support/runtime-side.ts';

const later = () => new Promise<void>((resolve) => setImmediate(resolve));

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
