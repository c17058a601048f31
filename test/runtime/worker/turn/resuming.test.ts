import { describe, expect, test } from 'vitest';
import {
  FLAG_EXPECT_CONTINUE,
  FLAGS,
  PARSE_NEED,
  PHASE,
  PHASE_BODY,
  RECORD_WORDS,
} from '../../../../assembly/record.ts';
import type { Core } from '../../../../src/runtime/core/core.ts';
import { ParseRecord } from '../../../../src/runtime/core/parse-record.ts';
import { TURN_ANSWERED, TURN_CLOSE, TURN_NEED } from '../../../../src/runtime/memory/protocol.ts';
import { TurnInput } from '../../../../src/runtime/worker/turn/turn-input.ts';
import { bodiesOf, MainSide, SLOT } from '../support/main-side.ts';
import { get, TurnStage } from '../support/turn-stage.ts';
import { createContext } from '../support/worker-side.ts';

function echoRoute(): TurnStage {
  return new TurnStage((router) =>
    router
      .post('/echo', (request, response) => response.text(request.text()))
      .get('/', (_request, response) => response.text('root')),
  );
}

const HEAD = 'POST /echo HTTP/1.1\r\nHost: a\r\n';

describe('an incomplete request', () => {
  test('an incomplete request ends its turn with NEED, and is answered in a later turn', () => {
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

  test('NEED says how much of a body is missing', () => {
    const stage = echoRoute();
    const client = stage.main.connect();
    stage.receive(client, `${HEAD}Content-Length: 10\r\n\r\nabc`);
    expect(stage.main.drain()).toMatchObject([{ turn: TURN_NEED, missing: 7 }]);
    expect(stage.main.table.resumePhase(client)).toBe(PHASE_BODY);
    stage.receive(client, 'defghij');
    expect(bodiesOf(stage.main.drain()[0]?.text ?? '')).toEqual(['abcdefghij']);
  });

  test('a request that arrives byte by byte is answered once, after its last byte', () => {
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

  test('the complete requests before an incomplete one are answered', () => {
    const stage = echoRoute();
    const client = stage.main.connect();
    stage.receive(client, `${get('/')}${HEAD}`);
    const records = stage.main.drain();
    expect(bodiesOf(records.map(({ text }) => text).join(''))).toEqual(['root']);
    expect(records.at(-1)).toMatchObject({ turn: TURN_NEED, consumed: get('/').length });
  });

  test('a request after one that was resumed is parsed from its beginning', () => {
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

  test('incomplete requests of two connections do not disturb each other', () => {
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

  test('a client that expects 100 is invited once, and answered when its body is there', () => {
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

  test('a client that expects 100 is invited when its head came in pieces', () => {
    const stage = echoRoute();
    const client = stage.main.connect();
    stage.receive(client, EXPECTING.slice(0, 30));
    stage.main.drain();
    stage.receive(client, EXPECTING.slice(30));
    expect(stage.main.drain()).toMatchObject([{ turn: TURN_NEED, text: 'HTTP/1.1 100 Continue\r\n\r\n' }]);
  });

  test('a client that expects 100 gets the final status at once if no route takes its request', () => {
    const stage = echoRoute();
    const client = stage.main.connect();
    const request = EXPECTING.replace('/echo', '/none');
    stage.receive(client, request);
    const [record] = stage.main.drain();
    expect(record).toMatchObject({ turn: TURN_CLOSE, consumed: request.length });
    expect(record?.text).toMatch(/^HTTP\/1\.1 404 Not Found\r\n/);
  });

  test('a client that does not expect 100 is not invited after one that does', () => {
    const stage = echoRoute();
    const [plain, expecting] = [stage.main.connect(), stage.main.connect()];
    stage.receive(plain, `${HEAD}Content-Length: 3\r\n\r\na`);
    stage.receive(expecting, EXPECTING);
    stage.main.drain();
    stage.receive(plain, 'b');
    expect(stage.main.drain()).toMatchObject([{ connection: plain, turn: TURN_NEED, missing: 1, text: '' }]);
  });

  test('a client that expects 100 is invited as soon as it has credit', async () => {
    const stage = echoRoute();
    const client = stage.main.connect(0);
    stage.receive(client, EXPECTING);
    expect(stage.main.drain(), 'no credit').toEqual([]);
    const records = await stage.takeAll(client, 100);
    expect(records.map(({ text }) => text).join('')).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    expect(records.at(-1)?.turn).toBe(TURN_NEED);
  });
});

test('a client is invited by 100 Continue when its head is complete, whatever later calls leave in the record', () => {
  const main = new MainSide();
  const context = createContext(main);
  const record = new ParseRecord(new Int32Array(RECORD_WORDS));
  // Later calls that answer NEED guarantee only the resume words and MISSING.
  const parse = () => {
    record.words[PHASE] = PHASE_BODY;
    record.words[FLAGS] = FLAG_EXPECT_CONTINUE;
    return PARSE_NEED;
  };
  const core: Core = {
    kind: 'js',
    record: record.words,
    parse,
    parseHead: parse,
    match: () => undefined,
    parseStreamedHead: parse,
    loadRoutes: () => undefined,
  };
  const client = main.connect();
  main.receive(client, 'x');
  main.table.take(client, SLOT);
  const invitations = [0, 1].map(() => {
    const input = new TurnInput({ context, core, record }, client, 1);
    input.hasMore();
    input.parse();
    input.suspend();
    return input.mustInvite;
  });
  expect(invitations).toEqual([true, false]);
});
