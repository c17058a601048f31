/** Applications that run in this process: src/runtime/testing.ts. */
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import {
  type ApplicationModule,
  compression,
  HttpProblem,
  type Schema,
  sendEvents,
} from '../../../src/runtime/application.ts';
import { Router } from '../../../src/runtime/http/routing/router.ts';
import { inject, openInjected } from '../../../src/runtime/testing.ts';

const CORES = ['wasm', 'js'] as const;

function application(routes: (router: Router) => void): ApplicationModule {
  return { routes };
}

const echo = application((router) => {
  router.finish(compression());
  router
    .get('/hello/:name', (request, response) => response.json({ hello: request.parameter('name') }))
    .post('/echo', (request, response) => {
      response.bytes(request.bytes(), request.header('content-type'));
    })
    .post('/json', (request, response) => response.json(request.json()))
    .get('/headers', (request, response) =>
      response.json({ ...request.headers, from: request.remoteAddress }),
    )
    .get('/cookies', (_request, response) => {
      response.cookie('a', '1').cookie('b', '2').empty();
    })
    .get('/large', (_request, response) => response.text('x'.repeat(3_000_000)))
    .get('/broken', () => {
      throw new Error('a defect');
    })
    .get('/problem', async () => {
      await new Promise((resolve) => setImmediate(resolve));
      throw new HttpProblem(409, 'Not now.');
    });
});

describe.each(CORES)('an injected request, with the core "%s"', (core) => {
  test('goes through core, middleware, handler and finishers, and its response comes back parsed', async () => {
    const answer = await inject(echo, { target: '/hello/a%20b' }, { core });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('Content-Type')).toBe('application/json');
    expect(answer.headers.get('Date')).toMatch(/GMT$/);
    expect(answer.headers.get('Connection')).toBeNull();
    expect(answer.json()).toEqual({ hello: 'a b' });
    expect(answer.text()).toBe('{"hello":"a b"}');
    expect(Buffer.from(answer.body).toString()).toBe('{"hello":"a b"}');
  });

  test('is refused by the core and the pipeline like a real one', async () => {
    await using app = await openInjected(echo, { core, maxBodyBytes: 1_000 });
    expect((await app.inject({ target: '/nothing' })).status).toBe(404);
    const refused = await app.inject({ method: 'DELETE', target: '/echo' });
    expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'POST, OPTIONS']);
    expect((await app.inject({ method: 'POST', target: '/echo', body: 'x'.repeat(1_001) })).status).toBe(413);
    expect((await app.inject({ method: 'POST', target: '/echo', body: 'x'.repeat(9_000_000) })).status).toBe(
      413,
    );
    expect((await app.inject({ target: `/${'x'.repeat(9_000)}` })).status).toBe(414);
    expect((await app.inject({ target: '/', headers: { long: 'x'.repeat(20_000) } })).status).toBe(431);
    expect((await app.inject({ target: '/problem' })).json()).toMatchObject({
      status: 409,
      detail: 'Not now.',
    });
    expect((await app.inject({ method: 'HEAD', target: '/hello/x' })).body).toHaveLength(0);
    expect((await app.inject({ method: 'OPTIONS', target: '*' })).status).toBe(204);
  });
});

test('a body is text, bytes or a value that is sent as JSON', async () => {
  await using app = await openInjected(echo);
  const post = (target: string, body: unknown, headers?: Record<string, string>) =>
    app.inject({ method: 'POST', target, body, ...(headers && { headers }) });
  expect((await post('/echo', 'é')).text()).toBe('é');
  expect([...(await post('/echo', Uint8Array.of(0, 255))).body]).toEqual([0, 255]);
  expect((await post('/json', { a: [1, 'é'] })).json()).toEqual({ a: [1, 'é'] });
  expect((await post('/json', null)).json()).toBeNull();
  expect((await post('/json', [1], { 'Content-Type': 'text/plain' })).status).toBe(415);
  const chunked = await post('/echo', 'in chunks', { 'Transfer-Encoding': 'chunked' });
  expect(chunked.text()).toBe('in chunks');
  const large = Buffer.alloc(1_000_000, 'y');
  expect(Buffer.from((await post('/echo', large)).body).equals(large)).toBe(true);
});

test('headers go and come back, several of one name too', async () => {
  await using app = await openInjected(echo, { remoteAddress: '192.0.2.7' });
  const answer = await app.inject({
    target: '/headers',
    headers: { 'X-One': '1', 'X-Two': ['a', 'b'], Host: 'here' },
  });
  expect(answer.json()).toMatchObject({ host: 'here', 'x-one': '1', 'x-two': 'a, b', from: '192.0.2.7' });
  const cookies = await app.inject({ target: '/cookies' });
  expect(cookies.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
});

test('finishers run: a compressed response arrives compressed', async () => {
  const answer = await inject(echo, { target: '/large', headers: { 'Accept-Encoding': 'gzip' } });
  expect(answer.headers.get('content-encoding')).toBe('gzip');
  expect(answer.body.length).toBeLessThan(100_000);
});

test('responses beyond window and ring arrive whole, and beyond the bound are an error', async () => {
  const answer = await inject(echo, { target: '/large' });
  expect(answer.body).toHaveLength(3_000_000);
  await expect(inject(echo, { target: '/large' }, { maxResponseBytes: 1_000 })).rejects.toThrow(
    'more than 1000 bytes',
  );
});

test('what an HTTP client cannot send is an error, and takes no place from other requests', async () => {
  await using app = await openInjected(echo, { maxBodyBytes: 500 * 1_048_576 });
  for (let attempt = 0; attempt < 3; attempt++) {
    await expect(app.inject({ target: '/a b' })).rejects.toThrow('unescaped characters');
    await expect(app.inject({ target: '/', headers: { a: 'x\ny' } })).rejects.toThrow('Invalid character');
    await expect(app.inject({ target: 'a:1', method: 'CONNECT' })).rejects.toThrow();
  }
  expect((await app.inject({ target: '/hello/x' })).status).toBe(200);
  const simultaneous = [1, 2, 3].map(() => app.inject({ target: '/hello/x' }));
  const outcomes = (await Promise.allSettled(simultaneous)).map(({ status }) => status);
  expect(outcomes, 'two of the largest requests fit').toEqual(['fulfilled', 'fulfilled', 'rejected']);
});

test('an error of a handler is 500 for the client, and the test finds it', async () => {
  await using app = await openInjected(echo);
  expect((await app.inject({ target: '/broken' })).status).toBe(500);
  expect(app.errors).toEqual([new Error('a defect')]);
});

test('many requests are in process simultaneously, up to the bound', async () => {
  const released = Promise.withResolvers<void>();
  let started = 0;
  await using app = await openInjected(
    application((router) => {
      router.get('/:number', async (request, response) => {
        if (++started === 64) released.resolve();
        await released.promise;
        response.text(request.parameter('number'));
      });
    }),
  );
  const numbers = Array.from({ length: 64 }, (_, number) => `${number}`);
  const answers = numbers.map((number) => app.inject({ target: `/${number}` }));
  await expect(app.inject({ target: '/one-too-many' })).rejects.toThrow('No more than 64');
  expect(await Promise.all(answers.map(async (answer) => (await answer).text()))).toEqual(numbers);
  expect((await app.inject({ target: '/again' })).text()).toBe('again');
});

describe('the life cycle', () => {
  test('is routes, start, prepare, requests, stop', async () => {
    const calls: string[] = [];
    const module: ApplicationModule = {
      routes: (router) => {
        calls.push('routes');
        router.get('/', (_request, response) => {
          calls.push('request');
          response.empty();
        });
      },
      start: async (pool) => {
        calls.push(`start of ${pool.size}`);
      },
      prepare: () => void calls.push('prepare'),
      stop: async () => void calls.push('stop'),
    };
    await inject(module, { target: '/' });
    expect(calls).toEqual(['routes', 'start of 1', 'prepare', 'request', 'stop']);
  });

  test('stops an application that cannot start, and reports why', async () => {
    let stops = 0;
    const module: ApplicationModule = {
      routes: () => undefined,
      start: () => Promise.reject(new Error('no database')),
      stop: () => void stops++,
    };
    await expect(openInjected(module)).rejects.toThrow('no database');
    expect(stops).toBe(1);
  });

  test('takes a path or a file URL, and reports a module that is no application', async () => {
    const answer = await inject(new URL('../http/fixtures/complete.ts', import.meta.url), {
      target: '/nothing',
    });
    expect(answer.status).toBe(404);
    await expect(inject('relative.ts', { target: '/' })).rejects.toMatchObject({
      code: 'ERR_APPLICATION_LOAD',
    });
    const without = new URL('../http/fixtures/without-routes.ts', import.meta.url);
    await expect(inject(without, { target: '/' })).rejects.toMatchObject({ code: 'ERR_APPLICATION_SHAPE' });
  });

  test('refuses requests after it is closed, and gives up a handler that never answers', async () => {
    const reasons: unknown[] = [];
    const started = Promise.withResolvers<void>();
    const app = await openInjected(
      application((router) => {
        router.get('/never', async (request) => {
          request.signal.addEventListener('abort', () => reasons.push(request.signal.reason.code));
          started.resolve();
          await new Promise(() => {});
        });
      }),
      { drainTimeoutMs: 10, handlerTimeoutMs: 500 },
    );
    const pending = app.inject({ target: '/never' });
    const outcome = expect(pending).rejects.toThrow('socket hang up');
    await started.promise;
    await app[Symbol.asyncDispose]();
    await outcome;
    expect(reasons).toEqual(['ERR_CLIENT_GONE']);
    await expect(app.inject({ target: '/' })).rejects.toThrow('closed');
  });
});

test('a handler that is late is answered for with 504', async () => {
  const late = application((router) => {
    router.get('/', (request) => once(request.signal, 'abort').then(() => {}));
  });
  expect((await inject(late, { target: '/' }, { handlerTimeoutMs: 100 })).status).toBe(504);
});

describe('a stream', () => {
  test('is read piece by piece, and the application waits for its reader', async () => {
    let produced = 0;
    const stopped = Promise.withResolvers<void>();
    async function* endless() {
      try {
        for (;;) {
          produced++;
          yield 'x'.repeat(10_000);
        }
      } finally {
        stopped.resolve();
      }
    }
    await using app = await openInjected(
      application(
        (router) => void router.get('/', (_request, response) => response.stream(endless(), 'text/plain')),
      ),
    );
    const answer = await app.stream({ target: '/' });
    expect(answer.status).toBe(200);
    let bytes = 0;
    for await (const piece of answer) {
      bytes += piece.length;
      if (bytes > 1_000_000) break;
    }
    await stopped.promise;
    // What was produced and not read lies in the window and in the buffers of the reader.
    expect(produced * 10_000).toBeLessThan(bytes + 1_000_000);
  });

  test('of events is read as they are sent', async () => {
    const second = Promise.withResolvers<void>();
    async function* events() {
      yield { data: 'one' };
      await second.promise;
      yield { data: 'two' };
    }
    await using app = await openInjected(
      application(
        (router) => void router.get('/', (request, response) => sendEvents(request, response, events())),
      ),
    );
    const answer = await app.stream({ target: '/' });
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    let text = '';
    for await (const piece of answer) {
      text += Buffer.from(piece).toString();
      if (text.includes('data: one\n\n')) second.resolve();
    }
    expect(text).toContain('data: two\n\n');
  });

  test('that nobody reads does not keep the application from closing', async () => {
    async function* endless() {
      for (;;) yield 'x'.repeat(10_000);
    }
    let stops = 0;
    const app = await openInjected({
      routes: (router) =>
        void router.get('/', (_request, response) => response.stream(endless(), 'text/plain')),
      stop: () => void stops++,
    });
    expect((await app.stream({ target: '/' })).status).toBe(200);
    await app[Symbol.asyncDispose]();
    expect(stops).toBe(1);
    expect(app.errors).toEqual([]);
  });

  test('that fails is cut off, and its reader is told', async () => {
    async function* failing() {
      yield 'begin';
      throw new Error('the source failed');
    }
    await using app = await openInjected(
      application(
        (router) => void router.get('/', (_request, response) => response.stream(failing(), 'text/plain')),
      ),
    );
    await expect(app.inject({ target: '/' })).rejects.toThrow('aborted');
    expect(app.errors).toEqual([new Error('the source failed')]);
  });
});

test('a body that the route streams comes piece by piece, and may be large', async () => {
  const app = application((router) => {
    router.post('/sum', { stream: { maxBytes: 5_000_000 } }, async (request, response) => {
      let length = 0;
      let pieces = 0;
      for await (const piece of request.stream()) {
        length += piece.length;
        pieces++;
      }
      response.json({ length, isWhole: pieces === 1 });
    });
  });
  for (const core of CORES) {
    await using opened = await openInjected(app, { core });
    const send = (length: number, headers = {}) =>
      opened.inject({ method: 'POST', target: '/sum', body: 'x'.repeat(length), headers });
    expect((await send(3)).json()).toEqual({ length: 3, isWhole: true });
    expect((await send(5_000_000)).json()).toEqual({ length: 5_000_000, isWhole: false });
    expect((await send(5_000_000, { 'transfer-encoding': 'chunked' })).json()).toMatchObject({
      length: 5_000_000,
    });
    expect((await send(5_000_001)).status).toBe(413);
    expect((await send(5_000_001, { 'transfer-encoding': 'chunked' })).status).toBe(413);
  }
});

test('a route streams what it can', () => {
  const stream = { maxBytes: 10 };
  const anything: Schema = { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } };
  const routes: ((router: Router) => void)[] = [
    (router) => router.get('/', { stream }, () => {}),
    (router) => router.delete('/', { stream }, () => {}),
    (router) => router.post('/', { stream, body: anything }, () => {}),
    (router) => router.post('/', { stream, contentCoding: {} }, () => {}),
    (router) => router.post('/', { stream: { maxBytes: 0 } }, () => {}),
  ];
  for (const add of routes) {
    expect(() => add(new Router())).toThrow(expect.objectContaining({ code: 'ERR_ROUTE_OPTIONS' }));
  }
});
