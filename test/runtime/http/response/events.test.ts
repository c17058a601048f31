import { EventEmitter, on, once } from 'node:events';
import { describe, expect, test } from 'vitest';
import type { BodyStream } from '../../../../src/runtime/http/response/body-stream.ts';
import { discardBody } from '../../../../src/runtime/http/response/body-stream.ts';
import {
  encodeEvent,
  type ServerSentEvent,
  sendEvents,
} from '../../../../src/runtime/http/response/events.ts';
import { OutgoingResponse } from '../../../../src/runtime/http/response/outgoing-response.ts';
import { get } from '../support/fake-request.ts';

const LONG = 3_600_000;

function open(source: AsyncIterable<ServerSentEvent>, keepAliveMs = LONG) {
  const request = get('/events');
  const response = new OutgoingResponse(request);
  sendEvents(request, response, source, { keepAliveMs });
  const body = response.body as BodyStream;
  return { request, response, body, pieces: body[Symbol.asyncIterator]() };
}

describe('an event', () => {
  test('an event is written field by field', () => {
    expect(encodeEvent({ id: '7', event: 'vm', data: '{"a":1}', retryMs: 1000 })).toBe(
      'id: 7\nevent: vm\nretry: 1000\ndata: {"a":1}\n\n',
    );
  });

  test('an event has a data line for each line of text, whatever the line ends are', () => {
    expect(encodeEvent({ data: 'a\nb\r\nc\rd\n' })).toBe('data: a\ndata: b\ndata: c\ndata: d\ndata: \n\n');
    expect(encodeEvent({ data: '' })).toBe('data: \n\n');
    expect(encodeEvent({ id: '7' }), 'an id alone').toBe('id: 7\n\n');
  });

  test.each([{ id: 'a\nb' }, { event: 'a\rb' }, { id: 'a\0b' }, { retryMs: 1.5 }, { retryMs: -1 }])(
    'an event cannot smuggle a field: %j',
    (fields) => {
      expect(() => encodeEvent({ data: '', ...fields })).toThrow(TypeError);
    },
  );
});

describe('a stream of events', () => {
  test('a stream of events ends when its worker is about to, also while the source has nothing to say', async () => {
    const { request, pieces } = open(silence());
    const next = pieces.next();
    request.announceEnding();
    expect(await next).toEqual({ done: true, value: undefined });
  });

  test('a stream of events has the headers that keep caches and proxies out of the way', () => {
    const { response } = open((async function* () {})());
    expect([...response.headers]).toEqual([
      ['Content-Type', 'text/event-stream'],
      ['Cache-Control', 'no-cache, no-transform'],
      ['X-Accel-Buffering', 'no'],
    ]);
  });

  test('a stream of events that is private stays private', () => {
    const request = get('/events');
    const response = new OutgoingResponse(request);
    response.header('Cache-Control', 'private, no-cache');
    sendEvents(request, response, (async function* () {})());
    expect(response.getHeader('Cache-Control')).toBe('private, no-cache, no-transform');
  });

  test('a stream of events gives each event as one piece and ends with its source', async () => {
    const { pieces } = open(
      (async function* () {
        yield { data: '1' };
        yield { data: '2' };
      })(),
    );
    expect(await pieces.next()).toEqual({ done: false, value: 'data: 1\n\n' });
    expect(await pieces.next()).toEqual({ done: false, value: 'data: 2\n\n' });
    expect((await pieces.next()).done).toBe(true);
  });

  test('a stream of events sends comments while its source is silent, and loses no event', async () => {
    const emitter = new EventEmitter();
    const source = (async function* () {
      await once(emitter, 'go');
      yield { data: 'late' };
    })();
    const { pieces } = open(source, 1);
    expect((await pieces.next()).value).toBe(': keep-alive\n\n');
    emitter.emit('go');
    let piece = await pieces.next();
    while (piece.value === ': keep-alive\n\n') piece = await pieces.next();
    expect(piece.value).toBe('data: late\n\n');
  });

  test('ends at once when the client is gone, and closes its source even if that sleeps', async () => {
    const emitter = new EventEmitter();
    let closed = 0;
    const source: AsyncIterable<ServerSentEvent> = {
      [Symbol.asyncIterator]: () => ({
        next: () => once(emitter, 'never').then(() => ({ done: true, value: undefined })),
        return: async () => {
          closed += 1;
          return { done: true, value: undefined };
        },
      }),
    };
    const { request, pieces } = open(source);
    const waiting = pieces.next();
    request.abort(new Error('gone'));
    expect((await waiting).done).toBe(true);
    expect(closed).toBe(1);
  });

  test('ends even if its source waits with `on` of node:events, and leaves no listener', async () => {
    const emitter = new EventEmitter();
    const request = get('/events');
    const source = (async function* () {
      for await (const [data] of on(emitter, 'event', { signal: request.signal }))
        yield { data: String(data) };
    })();
    const response = new OutgoingResponse(request);
    sendEvents(request, response, source);
    const pieces = (response.body as BodyStream)[Symbol.asyncIterator]();
    const first = pieces.next();
    emitter.emit('event', 1);
    expect((await first).value).toBe('data: 1\n\n');
    const waiting = pieces.next();
    request.abort(new Error('gone'));
    expect((await waiting).done).toBe(true);
    expect(emitter.listenerCount('event')).toBe(0);
  });

  test('fails if its source fails', async () => {
    const { pieces } = open({
      [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error('source')) }),
    });
    await expect(pieces.next()).rejects.toThrow('source');
  });

  test('a stream of events closes its source even if nobody ever reads it', async () => {
    let disposed = false;
    const source = Object.assign((async function* () {})(), {
      [Symbol.asyncDispose]: async () => {
        disposed = true;
      },
    });
    const { body } = open(source);
    await discardBody(body);
    expect(disposed).toBe(true);
  });
});

/** A source that never has an event, until it is closed. */
function silence(): AsyncIterable<ServerSentEvent> {
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise(() => {}),
      return: async () => ({ done: true, value: undefined }),
    }),
  };
}
