import { describe, expect, test } from 'vitest';
import {
  NO_CONNECTION,
  TURN_ANSWERED,
  TURN_CLOSE,
  TURN_GOES_ON,
} from '../../../../src/runtime/memory/protocol.ts';
import { bodiesOf } from '../support/main-side.ts';
import { get, TurnStage } from '../support/turn-stage.ts';

/** Answers with the name in the path. */
function nameRoute(): TurnStage {
  return new TurnStage((router) =>
    router.get('/name/:name', (request, response) => response.text(request.parameter('name'))),
  );
}

describe('a turn of synchronous requests', () => {
  test('a turn answers all complete requests that it finds, in order and in one record', () => {
    const stage = nameRoute();
    const client = stage.main.connect();
    stage.learn('/name/:name', 0.01);
    const requests = get('/name/first') + get('/name/second') + get('/name/third');
    stage.receive(client, requests);
    const records = stage.main.drain();
    expect(records).toMatchObject([
      { connection: client, turn: TURN_ANSWERED, consumed: requests.length, seen: requests.length },
    ]);
    expect(bodiesOf(records[0]?.text ?? '')).toEqual(['first', 'second', 'third']);
    expect(stage.host.waiting.size, 'nothing waited').toBe(0);
  });

  test('a turn serves a bounded number of requests and leaves the rest to the next', () => {
    const stage = nameRoute();
    const client = stage.main.connect();
    const one = get('/name/x');
    stage.receive(client, one.repeat(65));
    const [last] = stage.main.drain().slice(-1);
    expect(last).toMatchObject({
      turn: TURN_ANSWERED,
      consumed: 64 * one.length,
      seen: 65 * one.length,
    });
    stage.main.table.makeReady(client);
    stage.serve(client);
    expect(bodiesOf(textOf(stage))).toEqual(['x']);
  });

  test('a turn finds requests that arrive while a handler runs', () => {
    let arrive = () => {};
    const stage = new TurnStage((router) =>
      router.get('/name/:name', (request, response) => {
        arrive();
        response.text(request.parameter('name'));
      }),
    );
    const client = stage.main.connect();
    arrive = () => {
      arrive = () => {};
      stage.main.receive(client, get('/name/late'));
    };
    stage.receive(client, get('/name/early'));
    expect(bodiesOf(textOf(stage))).toEqual(['early', 'late']);
  });

  test('a turn closes after a request that asks for it, and answers none that follow', () => {
    const stage = nameRoute();
    const client = stage.main.connect();
    const closing = get('/name/last', 'Connection: close');
    stage.receive(client, closing + get('/name/after'));
    const records = stage.main.drain();
    expect(records.at(-1)).toMatchObject({ turn: TURN_CLOSE, consumed: closing.length });
    expect(bodiesOf(records.map(({ text }) => text).join(''))).toEqual(['last']);
  });

  test('a response says that the connection closes while the server stops', () => {
    const stage = nameRoute();
    stage.main.running.clear();
    stage.receive(stage.main.connect(), get('/name/x'));
    const [record] = stage.main.drain();
    expect(record?.turn).toBe(TURN_CLOSE);
    expect(record?.text).toContain('\r\nConnection: close\r\n');
  });

  test('no handler runs for a client that was gone when the turn began', () => {
    let runs = 0;
    const stage = new TurnStage((router) =>
      router.get('/', (_request, response) => {
        runs++;
        response.empty();
      }),
    );
    const client = stage.main.connect();
    stage.main.receive(client, get('/'));
    stage.main.table.close(client);
    stage.serve(client);
    expect(stage.main.drain()).toMatchObject([{ turn: TURN_CLOSE, consumed: 0, text: '' }]);
    expect(runs).toBe(0);
  });

  test('a turn names its connection while its handlers run synchronously, and no longer', () => {
    const seen: number[] = [];
    const stage = new TurnStage((router) =>
      router.get('/', (_request, response) => {
        seen.push(stage.main.words.current);
        response.empty();
      }),
    );
    stage.main.connect();
    const client = stage.main.connect();
    stage.receive(client, get('/').repeat(2));
    expect(seen).toEqual([client, client]);
    expect(stage.main.words.current).toBe(NO_CONNECTION);
  });

  test('the responses so far survive a quick handler that kills the worker', () => {
    const salvaged: (string | null)[] = [];
    const stage = new TurnStage((router) =>
      router.get('/name/:name', (request, response) => {
        stage.main.drain();
        salvaged.push(stage.main.salvaged());
        response.text(request.parameter('name'));
      }),
    );
    stage.learn('/name/:name', 0.01);
    stage.receive(stage.main.connect(), get('/name/first') + get('/name/second'));
    expect(salvaged.map((text) => (text === null ? null : bodiesOf(text)))).toEqual([null, ['first']]);
  });

  test('the responses so far are published before a handler that is not known to be quick', () => {
    const published: string[] = [];
    const stage = new TurnStage((router) =>
      router.get('/name/:name', (request, response) => {
        published.push(...stage.main.drain().flatMap(({ text }) => bodiesOf(text)));
        response.text(request.parameter('name'));
      }),
    );
    stage.learn('/name/:name', 0.5);
    stage.receive(stage.main.connect(), get('/name/first') + get('/name/second'));
    expect(published).toEqual(['first']);
  });

  test('main knows where a request ends before its handler runs', () => {
    const ends: number[] = [];
    const stage = new TurnStage((router) =>
      router.get('/', (_request, response) => {
        ends.push(stage.main.table.requestEnd(client));
        response.empty();
      }),
    );
    const client = stage.main.connect();
    stage.receive(client, get('/').repeat(2));
    expect(ends).toEqual([get('/').length, 2 * get('/').length]);
  });

  test('a turn refuses bytes that are not a request, and closes the connection', () => {
    const stage = nameRoute();
    const good = get('/name/good');
    stage.receive(stage.main.connect(), `${good}NO REQUEST\r\n\r\n`);
    const records = stage.main.drain();
    expect(records.at(-1)).toMatchObject({ turn: TURN_CLOSE, consumed: good.length });
    const text = records.map((record) => record.text).join('');
    expect(text).toContain('goodHTTP/1.1 400 Bad Request\r\n');
  });

  test('a HEAD request is refused without content', () => {
    const stage = nameRoute();
    stage.receive(stage.main.connect(), 'HEAD / HTTP/1.1\r\n\r\n');
    expect(textOf(stage)).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n(?:[^\r]+\r\n)+\r\n$/);
  });
});

describe('a turn whose handler returns a promise', () => {
  /** The handler of each path waits until the test lets it go on. */
  function gatedRoute() {
    const gates = new Map<string, PromiseWithResolvers<void>>();
    const aborts: [string, unknown][] = [];
    const stage = new TurnStage((router) =>
      router.get('/:name', async (request, response) => {
        const name = request.parameter('name');
        request.signal.addEventListener('abort', () => aborts.push([name, request.signal.reason]));
        const gate = Promise.withResolvers<void>();
        gates.set(name, gate);
        await gate.promise;
        response.header('X-Route', name).text(name);
      }),
    );
    const release = (name: string) => gates.get(name)?.resolve();
    return { stage, release, aborts, gates };
  }

  test('a turn waits for a promise, and goes on with the next request when it settles', async () => {
    const { stage, release } = gatedRoute();
    const client = stage.main.connect();
    const turn = stage.receive(client, get('/first') + get('/second'));
    expect([...stage.host.waiting.values()]).toEqual([turn]);
    expect(stage.main.drain(), 'nothing is published').toEqual([]);
    release('first');
    await stage.host.until(() => stage.host.settled.length === 1);
    release('second');
    const records = await stage.ended();
    expect(bodiesOf(records.map(({ text }) => text).join(''))).toEqual(['first', 'second']);
    expect(records.at(-1)).toMatchObject({ turn: TURN_ANSWERED, consumed: get('/first').length * 2 + 1 });
    expect(stage.host).toMatchObject({ count: 0, settled: [false, false] });
  });

  test('a turn publishes the responses so far before it waits for a promise', () => {
    const stage = new TurnStage((router) =>
      router
        .get('/now', (_request, response) => response.text('now'))
        .get('/later', () => new Promise(() => {})),
    );
    stage.learn('/now', 0.01);
    stage.learn('/later', 0.01);
    stage.receive(stage.main.connect(), get('/now') + get('/later'));
    const records = stage.main.drain();
    expect(records).toMatchObject([{ turn: TURN_GOES_ON, isBoundary: true, consumed: get('/now').length }]);
    expect(stage.main.words.current).toBe(NO_CONNECTION);
  });

  test('a turn that waits lets other connections be served', async () => {
    const { stage, release } = gatedRoute();
    const [one, other] = [stage.main.connect(), stage.main.connect()];
    stage.receive(one, get('/one'));
    stage.receive(other, get('/other'));
    release('other');
    await stage.host.until(() => stage.host.waiting.size === 1);
    release('one');
    const records = await stage.ended();
    expect(records.map(({ connection, text }) => [connection, bodiesOf(text)])).toEqual([
      [other, ['other']],
      [one, ['one']],
    ]);
  });

  test('a request stays readable while its handler waits and the worker parses others', async () => {
    const gate = Promise.withResolvers<void>();
    const stage = new TurnStage((router) =>
      router
        .get('/late', async (request, response) => {
          await gate.promise;
          response.text(request.header('x-mine') ?? 'nothing');
        })
        .get('/other', (_request, response) => response.text('other')),
    );
    stage.receive(stage.main.connect(), get('/late', 'X-Mine: my own header'));
    stage.receive(stage.main.connect(), get('/other', 'X-Filler: something else', 'X-Mine: not mine'));
    stage.main.drain();
    gate.resolve();
    expect(bodiesOf((await stage.ended())[0]?.text ?? '')).toEqual(['my own header']);
  });

  test('a handler is told that its client is gone, and nothing is sent', async () => {
    const { stage, release, aborts } = gatedRoute();
    const client = stage.main.connect();
    const turn = stage.receive(client, get('/gone'));
    stage.main.table.close(client);
    turn.clientGone();
    expect(aborts).toMatchObject([['gone', { code: 'ERR_CLIENT_GONE' }]]);
    expect(stage.host.count, 'the handler is still in flight').toBe(1);
    release('gone');
    expect(await stage.ended()).toMatchObject([{ turn: TURN_CLOSE, text: '' }]);
  });

  test('a turn publishes the start time of its handler while the handler runs', async () => {
    const { stage, release } = gatedRoute();
    const turn = stage.receive(stage.main.connect(), get('/x'));
    expect(turn.handlerSince).toBeGreaterThan(0);
    expect(turn.handlerSince).toBeLessThanOrEqual(performance.now());
    release('x');
    await stage.ended();
    expect(turn.handlerSince).toBe(0);
  });

  test('a deadline after the handler has answered is ignored', async () => {
    const { stage, release } = gatedRoute();
    const turn = stage.receive(stage.main.connect(), get('/x'));
    release('x');
    await stage.ended();
    turn.handlerTimedOut();
    expect(stage.main.drain()).toEqual([]);
  });

  describe('a handler that is late', () => {
    test('the client of a late handler gets 504, and the handler is told and then ignored', async () => {
      const { stage, release, aborts } = gatedRoute();
      const turn = stage.receive(stage.main.connect(), get('/slow'));
      turn.handlerTimedOut();
      const records = stage.main.drain();
      expect(records).toMatchObject([{ turn: TURN_ANSWERED, consumed: get('/slow').length }]);
      expect(records[0]?.text).toMatch(/^HTTP\/1\.1 504 Gateway Timeout\r\n/);
      expect(aborts).toMatchObject([['slow', { name: 'TimeoutError' }]]);
      release('slow');
      await stage.host.until(() => stage.host.settled.length === 1);
      expect(stage.host.settled, 'late').toEqual([true]);
      expect(stage.main.drain(), 'what came late').toEqual([]);
    });

    test('a turn goes on with the next request while a late handler still runs', async () => {
      const { stage, release } = gatedRoute();
      const turn = stage.receive(stage.main.connect(), get('/slow') + get('/next'));
      turn.handlerTimedOut();
      release('next');
      const records = await stage.ended();
      const text = records.map((record) => record.text).join('');
      expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 504', 'HTTP/1.1 200']);
      expect(text).toMatch(/next$/);
      expect(stage.host.settled).toEqual([false]);
    });

    test('the late handler of one request is not taken for that of the next', async () => {
      const { stage, release } = gatedRoute();
      const turn = stage.receive(stage.main.connect(), get('/slow') + get('/next'));
      turn.handlerTimedOut();
      release('slow');
      await stage.host.until(() => stage.host.settled.length === 1);
      expect(stage.host.settled).toEqual([true]);
      expect(turn.handlerSince, 'the next handler is waited for').toBeGreaterThan(0);
      stage.main.drain();
      release('next');
      expect(bodiesOf((await stage.ended())[0]?.text ?? '')).toEqual(['next']);
    });

    test('a 504 in place of a late handler keeps the headers that middleware has set', () => {
      const stage = new TurnStage((router) =>
        router
          .use((_request, response) => void response.header('Access-Control-Allow-Origin', '*'))
          .get('/', () => new Promise(() => {})),
      );
      stage.receive(stage.main.connect(), get('/')).handlerTimedOut();
      expect(textOf(stage)).toMatch(/^HTTP\/1\.1 504 .*\r\nAccess-Control-Allow-Origin: \*\r\n/s);
    });
  });
});

function textOf(stage: TurnStage): string {
  return stage.main
    .drain()
    .map(({ text }) => text)
    .join('');
}
