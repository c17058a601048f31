import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { InvariantError } from '../../../src/platform/invariant.ts';
import type { Router } from '../../../src/runtime/http/routing/router.ts';
import { TURN_ABORT, TURN_CLOSE } from '../../../src/runtime/memory/protocol.ts';
import type { WorkerStart } from '../../../src/runtime/worker/messages.ts';
import { RequestWorker } from '../../../src/runtime/worker/request-worker.ts';
import { bodiesOf, MainSide, type PublishedRecord, SLOT } from './support/main-side.ts';
import { get } from './support/turn-stage.ts';
import { createWorkerSide } from './support/worker-side.ts';

/** A whole worker without its thread. The handler of `/wait` answers when the test says so. */
function stage(settings: Partial<WorkerStart> = {}) {
  const main = new MainSide();
  const gate = Promise.withResolvers<void>();
  const routes = (router: Router) =>
    router
      .get('/now', (_request, response) => response.text('now'))
      .get('/address', (request, response) => response.text(request.remoteAddress))
      .get('/stream', (_request, response) => response.stream(ticks()))
      .get('/wait', async (_request, response) => {
        await gate.promise;
        response.text('waited');
      });
  const side = createWorkerSide(main, routes, settings);
  let drained = 0;
  const worker = new RequestWorker({
    ...side,
    onError: (error) => side.errors.push(error),
    onExhausted: () => undefined,
    onDrained: () => drained++,
  });
  const request = (path: string): number => {
    const connection = main.connect();
    main.queueRequest(connection, get(path));
    return connection;
  };
  return { main, worker, request, release: () => gate.resolve(), drained: () => drained, ...side };
}

async function* ticks(): AsyncGenerator<string, void, undefined> {
  for (;;) {
    await setImmediate();
    yield 'tick ';
  }
}

const bodies = (records: readonly PublishedRecord[]): string[] =>
  records.flatMap(({ text }) => bodiesOf(text));

/**
 * Waits until the worker has published so many records. On a slow machine the worker returns to its event
 * loop in between.
 */
async function published(main: MainSide, count = 1): Promise<PublishedRecord[]> {
  const records = main.drain();
  while (records.length < count) {
    await setImmediate();
    records.push(...main.drain());
  }
  return records;
}

describe('RequestWorker', () => {
  test('a worker serves several connections, and handlers see the address of their client', async () => {
    const { worker, main, request } = stage();
    request('/now');
    request('/address');
    worker.start();
    expect(bodies(await published(main, 2))).toEqual(['now', '192.0.2.7']);
  });

  test('a worker serves other connections while a handler waits', async () => {
    const { worker, main, request, release } = stage();
    request('/wait');
    request('/now');
    worker.start();
    expect(bodies(await published(main))).toEqual(['now']);
    expect(main.words.inFlight).toBe(1);
    release();
    expect(bodies(await published(main))).toEqual(['waited']);
    expect(main.words.inFlight).toBe(0);
  });

  test('a turn whose client is gone is told, and sends nothing', async () => {
    const { worker, main, request, release } = stage();
    const connection = request('/wait');
    worker.start();
    main.table.close(connection);
    worker.onAbort(connection, 1);
    release();
    expect(await published(main)).toMatchObject([{ connection, turn: TURN_CLOSE, text: '' }]);
  });

  test('the departure of an earlier client of the same number disturbs no turn', async () => {
    const { worker, main, request, release } = stage();
    const connection = request('/wait');
    worker.start();
    worker.onAbort(connection, 0);
    release();
    expect(bodies(await published(main))).toEqual(['waited']);
  });

  test('a full worker takes the next request when a handler has settled', async () => {
    const { worker, main, request, release } = stage({ maxInFlight: 1 });
    request('/wait');
    request('/now');
    worker.start();
    expect(main.queue.length, 'the worker is full').toBe(1);
    release();
    expect(bodies(await published(main, 2))).toEqual(['waited', 'now']);
  });

  test('a draining worker takes nothing more, and is drained when its requests are answered', async () => {
    const { worker, main, request, release, drained } = stage();
    request('/wait');
    worker.start();
    worker.drain();
    request('/now');
    worker.onBell();
    expect(main.queue.length, 'left to another').toBe(1);
    expect(drained()).toBe(0);
    release();
    expect(bodies(await published(main))).toEqual(['waited']);
    expect(drained()).toBe(1);
  });

  test('a draining worker still serves a connection that main has chosen it for', () => {
    const { worker, main, request } = stage();
    request('/wait');
    worker.start();
    worker.drain();
    const connection = main.connect();
    main.receive(connection, get('/now'));
    worker.serveAssigned(connection);
    expect(bodies(main.drain())).toEqual(['now']);
  });

  test('a drained worker leaves a connection that main has chosen it for to another', () => {
    const { worker, main, drained } = stage();
    worker.start();
    worker.drain();
    expect(drained()).toBe(1);
    const connection = main.connect();
    main.receive(connection, get('/now'));
    worker.serveAssigned(connection);
    expect(main.drain()).toEqual([]);
    expect(main.table.take(connection, SLOT), 'still READY').not.toBe(0);
  });

  test('a worker that ends streams cuts off those without an end, and begins no more', async () => {
    const { worker, main, request } = stage();
    const streaming = request('/stream');
    worker.start();
    await published(main);
    worker.endStreams();
    let records: PublishedRecord[] = [];
    while (records.at(-1)?.turn !== TURN_ABORT) records = await published(main);
    expect(records.at(-1)?.connection).toBe(streaming);
    request('/stream');
    worker.onBell();
    expect((await published(main))[0]?.text).toMatch(/^HTTP\/1\.1 503 /);
  });

  test('a connection has one turn at a time', () => {
    const { worker } = stage();
    const turn = () => ({
      connection: 3,
      generation: 1,
      handlerSince: 0,
      isReceiving: false,
      bodyArrived() {},
      bodyClosed() {},
      handlerTimedOut() {},
      clientGone() {},
      clientHalfClosed() {},
      announceEnding() {},
      endStream() {},
    });
    worker.suspended(turn());
    expect(() => worker.suspended(turn())).toThrow(InvariantError);
  });
});
