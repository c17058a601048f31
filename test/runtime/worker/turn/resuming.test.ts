import { describe, expect, test } from 'vitest';
import { PHASE_BODY } from '../../../../assembly/record.ts';
import { TURN_ANSWERED, TURN_CLOSE, TURN_NEED } from '../../../../src/runtime/memory/protocol.ts';
import { bodiesOf } from '../support/main-side.ts';
import { get, TurnStage } from '../support/turn-stage.ts';

function echoRoute(): TurnStage {
  return new TurnStage((router) =>
    router
      .post('/echo', (request, response) => response.text(request.text()))
      .get('/', (_request, response) => response.text('root')),
  );
}

const HEAD = 'POST /echo HTTP/1.1\r\nHost: a\r\n';

describe('an incomplete request', () => {
  test('ends the turn with NEED, and is answered in a later one', () => {
    const stage = echoRoute();
    const client = stage.main.connect();
    stage.receive(client, get('/').slice(0, 20));
    expect(stage.main.drain()).toMatchObject([
      { turn: TURN_NEED, consumed: 0, seen: 20, missing: 0, text: '' },
    ]);
    stage.receive(client, get('/').slice(20));
    const [record] = stage.main.drain();
    expect(record).toMatchObject({ turn: TURN_ANSWERED, consumed: get('/').length });
    expect(bodiesOf(record?.text ?? '')).toEqual(['root']);
  });

  test('says how much of its body is missing', () => {
    const stage = echoRoute();
    const client = stage.main.connect();
    stage.receive(client, `${HEAD}Content-Length: 10\r\n\r\nabc`);
    expect(stage.main.drain()).toMatchObject([{ turn: TURN_NEED, missing: 7 }]);
    expect(stage.main.table.resumePhase(client)).toBe(PHASE_BODY);
    stage.receive(client, 'defghij');
    expect(bodiesOf(stage.main.drain()[0]?.text ?? '')).toEqual(['abcdefghij']);
  });

  test('that arrives byte by byte is answered once, after its last byte', () => {
    const stage = echoRoute();
    const client = stage.main.connect();
    const bytes = `${HEAD}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n`;
    const answers: string[] = [];
    for (const [index, byte] of [...bytes].entries()) {
      stage.receive(client, byte);
      const text = stage.main
        .drain()
        .map((record) => record.text)
        .join('');
      if (text !== '') answers.push(`${index}: ${bodiesOf(text)}`);
    }
    expect(answers).toEqual([`${bytes.length - 1}: abcde`]);
  });

  test('comes after the answers to complete ones before it', () => {
    const stage = echoRoute();
    const client = stage.main.connect();
    stage.receive(client, `${get('/')}${HEAD}`);
    const records = stage.main.drain();
    expect(bodiesOf(records.map(({ text }) => text).join(''))).toEqual(['root']);
    expect(records.at(-1)).toMatchObject({ turn: TURN_NEED, consumed: get('/').length });
  });

  test('leaves nothing behind that the request after it could be taken for', () => {
    const stage = echoRoute();
    const client = stage.main.connect();
    stage.receive(client, `${HEAD}Content-Length: 3\r\n\r\na`);
    stage.main.drain();
    stage.receive(client, `bc${get('/')}${HEAD}Content-Length: 2\r\n\r\nxy`);
    const text = stage.main
      .drain()
      .map((record) => record.text)
      .join('');
    expect(bodiesOf(text)).toEqual(['abc', 'root', 'xy']);
  });

  test('of one connection does not disturb that of another', () => {
    const stage = echoRoute();
    const [one, other] = [stage.main.connect(), stage.main.connect()];
    stage.receive(one, `${HEAD}Content-Length: 4\r\n\r\non`);
    stage.receive(other, `${HEAD}Content-Length: 5\r\n\r\not`);
    stage.main.drain();
    stage.receive(one, 'e!');
    stage.receive(other, 'her');
    const records = stage.main.drain();
    expect(records.map(({ connection, text }) => [connection, ...bodiesOf(text)])).toEqual([
      [one, 'one!'],
      [other, 'other'],
    ]);
  });
});

describe('a client that waits for "100 Continue"', () => {
  const EXPECTING = `${HEAD}Content-Length: 2\r\nExpect: 100-continue\r\n\r\n`;

  test('is invited once, and answered when the body is there', () => {
    const stage = echoRoute();
    const client = stage.main.connect();
    stage.receive(client, EXPECTING);
    expect(stage.main.drain()).toMatchObject([
      { turn: TURN_NEED, missing: 2, text: 'HTTP/1.1 100 Continue\r\n\r\n' },
    ]);
    stage.receive(client, 'h');
    expect(stage.main.drain(), 'invited already').toMatchObject([{ turn: TURN_NEED, missing: 1, text: '' }]);
    stage.receive(client, 'i');
    expect(bodiesOf(stage.main.drain()[0]?.text ?? '')).toEqual(['hi']);
  });

  test('is invited when its head came in pieces', () => {
    const stage = echoRoute();
    const client = stage.main.connect();
    stage.receive(client, EXPECTING.slice(0, 30));
    stage.main.drain();
    stage.receive(client, EXPECTING.slice(30));
    expect(stage.main.drain()).toMatchObject([{ turn: TURN_NEED, text: 'HTTP/1.1 100 Continue\r\n\r\n' }]);
  });

  test('is not invited when no route takes its request, and the connection closes after the answer', () => {
    const stage = echoRoute();
    const client = stage.main.connect();
    const request = EXPECTING.replace('/echo', '/none');
    stage.receive(client, request);
    const [record] = stage.main.drain();
    expect(record).toMatchObject({ turn: TURN_CLOSE, consumed: request.length });
    expect(record?.text).toMatch(/^HTTP\/1\.1 404 Not Found\r\n/);
  });

  test('is invited as soon as there is credit for it', async () => {
    const stage = echoRoute();
    const client = stage.main.connect(0);
    stage.receive(client, EXPECTING);
    expect(stage.main.drain(), 'no credit').toEqual([]);
    const records = await stage.takeAll(client, 100);
    expect(records.map(({ text }) => text).join('')).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    expect(records.at(-1)?.turn).toBe(TURN_NEED);
  });
});
