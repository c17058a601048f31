import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import {
  NO_CONNECTION,
  TURN_ABORT,
  TURN_ANSWERED,
  TURN_CLOSE,
  TURN_GOES_ON,
} from '../../../../src/runtime/memory/protocol.ts';
import { bodiesOf, type PublishedRecord } from '../support/main-side.ts';
import { get, TurnStage, type TurnStageOptions } from '../support/turn-stage.ts';

const CREDIT = 10_000;

/** A stream that yields what the test gives it, and tells when it is released. */
class Source {
  released = false;
  readonly #pieces: string[];
  readonly #isEndless: boolean;

  constructor(pieces: string[], isEndless = false) {
    this.#pieces = pieces;
    this.#isEndless = isEndless;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string, void, undefined> {
    try {
      yield* this.#pieces;
      while (this.#isEndless) {
        await setImmediate();
        yield 'tick ';
      }
    } finally {
      this.released = true;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.released = true;
  }
}

function bodyRoute(bodies: Record<string, string | Source>, options?: TurnStageOptions): TurnStage {
  return new TurnStage((router) => {
    for (const [name, body] of Object.entries(bodies)) {
      router.get(`/${name}`, (_request, response) => {
        if (typeof body === 'string') response.text(body);
        else response.stream(body);
      });
    }
  }, options);
}

const joined = (records: readonly PublishedRecord[]): string => records.map(({ text }) => text).join('');

describe('a response that exceeds the credit of its connection', () => {
  test('a response beyond the credit is sent as its client takes it, before the next one', async () => {
    const large = 'x'.repeat(100_000);
    const stage = bodyRoute({ large, small: 'small' });
    const client = stage.main.connect(CREDIT);
    stage.receive(client, get('/large') + get('/small'));
    expect(stage.host.waiting.size, 'the turn waits').toBe(1);
    const records = await stage.takeAll(client, CREDIT);
    expect(bodiesOf(joined(records))).toEqual([large, 'small']);
    expect(records.at(-1)).toMatchObject({ turn: TURN_ANSWERED, isBoundary: true });
  });

  test('a response beyond the credit is marked as whole by its last piece only', async () => {
    const stage = bodyRoute({ large: 'x'.repeat(50_000) });
    const client = stage.main.connect(CREDIT);
    stage.receive(client, get('/large'));
    const records = await stage.takeAll(client, CREDIT);
    const whole = records.findIndex(({ isBoundary }) => isBoundary);
    expect(joined(records.slice(0, whole + 1))).toBe(joined(records));
    expect(records[whole]).toMatchObject({ turn: TURN_GOES_ON, consumed: get('/large').length });
  });

  test('a response beyond the credit holds up no other connection', async () => {
    const stage = bodyRoute({ large: 'x'.repeat(50_000), small: 'small' });
    const slow = stage.main.connect(CREDIT);
    const other = stage.main.connect();
    stage.receive(slow, get('/large'));
    expect(stage.main.words.current).toBe(NO_CONNECTION);
    stage.receive(other, get('/small'));
    const records = stage.main.drain().filter(({ connection }) => connection === other);
    expect(bodiesOf(joined(records))).toEqual(['small']);
    await stage.takeAll(slow, CREDIT);
  });

  test('a response beyond the credit counts as held memory until it is sent', async () => {
    const stage = bodyRoute({ large: 'x'.repeat(100_000) });
    const client = stage.main.connect(CREDIT);
    stage.receive(client, get('/large'));
    expect(stage.main.words.unsentKilobytesOfAll).toBe(Math.ceil(100_000 / 1_024));
    await stage.takeAll(client, CREDIT);
    expect(stage.main.words.unsentKilobytesOfAll).toBe(0);
  });

  test('a response beyond the credit is replaced by 503 when workers hold too much already', async () => {
    const stage = bodyRoute({ large: 'x'.repeat(700_000), huge: 'y'.repeat(400_000) });
    const [one, other] = [stage.main.connect(CREDIT), stage.main.connect(CREDIT)];
    stage.receive(one, get('/large'));
    stage.main.drain();
    stage.receive(other, get('/huge'));
    const records = stage.main.drain().filter(({ connection }) => connection === other);
    expect(joined(records)).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n.*\r\nRetry-After: 1\r\n/s);
    expect(records.at(-1)?.turn).toBe(TURN_ANSWERED);
    await stage.takeAll(one, 100_000);
  });

  test('a response whose client goes away ends in ABORT, and gives back its memory', async () => {
    const stage = bodyRoute({ large: 'x'.repeat(100_000) });
    const client = stage.main.connect(CREDIT);
    const turn = stage.receive(client, get('/large'));
    turn.clientGone();
    const records = await stage.ended();
    expect(records.at(-1)).toMatchObject({ turn: TURN_ABORT, isBoundary: false });
    expect(stage.main.words.unsentKilobytesOfAll).toBe(0);
    expect(stage.host.errors, 'that is no error').toEqual([]);
  });

  test('a response of known length is not cut off when streams are', async () => {
    const stage = bodyRoute({ large: 'x'.repeat(50_000) });
    const client = stage.main.connect(CREDIT);
    const turn = stage.receive(client, get('/large'));
    turn.endStream();
    const records = await stage.takeAll(client, CREDIT);
    expect(bodiesOf(joined(records))).toEqual(['x'.repeat(50_000)]);
  });
});

describe('a refusal without credit', () => {
  test('a refusal waits for credit, and lets other handlers run meanwhile', async () => {
    const stage = bodyRoute({ small: 'small' });
    const small = get('/small');
    const probe = stage.main.connect();
    stage.receive(probe, small);
    const size = joined(stage.main.drain()).length;
    const slow = stage.main.connect(size);
    stage.receive(slow, `${small}NO REQUEST\r\n\r\n`);
    expect(stage.host.waiting.size).toBe(1);
    expect(stage.main.words.current).toBe(NO_CONNECTION);
    stage.receive(stage.main.connect(), small);
    const records = await stage.takeAll(slow, CREDIT);
    const own = records.filter(({ connection }) => connection === slow);
    expect(joined(own)).toContain('smallHTTP/1.1 400 Bad Request\r\n');
    expect(own.at(-1)?.turn).toBe(TURN_CLOSE);
  });
});

describe('a stream', () => {
  test('a stream is sent in chunks, and released', async () => {
    const source = new Source(['one ', 'two']);
    const stage = bodyRoute({ stream: source });
    const client = stage.main.connect();
    stage.receive(client, get('/stream'));
    const records = await stage.takeAll(client, CREDIT);
    expect(joined(records)).toMatch(/\r\n\r\n4\r\none \r\n3\r\ntwo\r\n0\r\n\r\n$/);
    expect(source.released).toBe(true);
  });

  test('an endless stream is cut off when the worker ends streams, and the application is told', async () => {
    const source = new Source(['first '], true);
    const reasons: unknown[] = [];
    const stage = new TurnStage((router) =>
      router.get('/', (request, response) => {
        request.signal.addEventListener('abort', () => reasons.push(request.signal.reason));
        response.stream(source);
      }),
    );
    const turn = stage.receive(stage.main.connect(), get('/'));
    turn.endStream();
    const records = await stage.ended();
    expect(records.at(-1)).toMatchObject({ turn: TURN_ABORT, isBoundary: false });
    expect(reasons).toMatchObject([{ code: 'ERR_OUTPUT_ABORTED' }]);
    await setImmediate();
    expect(source.released).toBe(true);
  });

  test('a worker that ends streams begins no endless one', () => {
    const source = new Source([], true);
    const stage = bodyRoute({ stream: source });
    stage.host.endsStreams = true;
    stage.receive(stage.main.connect(), get('/stream'));
    expect(joined(stage.main.drain())).toMatch(/^HTTP\/1\.1 503 /);
    expect(source.released).toBe(true);
  });

  test('a worker that ends streams still sends one of known length', async () => {
    const stage = new TurnStage((router) =>
      router.get('/', (_request, response) =>
        response.stream(new Source(['seven 7']), 'text/plain', { length: 7 }),
      ),
    );
    stage.host.endsStreams = true;
    const client = stage.main.connect();
    stage.receive(client, get('/')).endStream();
    expect(bodiesOf(joined(await stage.takeAll(client, CREDIT)))).toEqual(['seven 7']);
  });

  test('a stream that throws ends in ABORT, and its error is reported', async () => {
    const stage = new TurnStage((router) =>
      router.get('/', (_request, response) =>
        response.stream(
          (async function* () {
            yield 'some';
            throw new Error('broken');
          })(),
        ),
      ),
    );
    const client = stage.main.connect();
    stage.receive(client, get('/'));
    const records = await stage.takeAll(client, CREDIT);
    expect(records.at(-1)).toMatchObject({ turn: TURN_ABORT, isBoundary: false });
    expect(stage.host.errors).toMatchObject([{ message: 'broken' }]);
  });

  test('a stream is not read for HEAD, but released', async () => {
    const source = new Source([], true);
    const stage = bodyRoute({ stream: source });
    const client = stage.main.connect();
    stage.receive(client, get('/stream').replace('GET', 'HEAD'));
    const records = await stage.takeAll(client, CREDIT);
    expect(joined(records)).toMatch(/^HTTP\/1\.1 200 OK\r\n(?:[^\r]+\r\n)+\r\n$/);
    expect(source.released).toBe(true);
  });
});

describe('the last record of a turn', () => {
  test('a turn whose last record finds no room waits until there is some', async () => {
    const stage = bodyRoute({}, { main: { ringBytes: 4_096 } });
    const { ring } = stage.host.context;
    const blocker = { connection: 7, generation: 9, consumed: 0, seen: 0 };
    const turn = stage.main.connect();
    stage.main.receive(turn, get('/x').slice(0, 5));
    while (ring.open(0)) ring.publishPart(blocker, true);
    stage.serve(turn);
    expect(stage.host.waiting.size).toBe(1);
    stage.main.drain();
    stage.host.context.roomWaiters.notify();
    const records = await stage.ended();
    expect(records).toMatchObject([{ connection: turn, consumed: 0, seen: 5 }]);
  });
});
