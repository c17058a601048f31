import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { TURN_ANSWERED, TURN_GOES_ON, TURN_NEED } from '../../../../src/runtime/memory/protocol.ts';
import type { TurnProgress } from '../../../../src/runtime/memory/workers/outbound-ring-writer.ts';
import type { WorkerContext } from '../../../../src/runtime/worker/context.ts';
import { Output } from '../../../../src/runtime/worker/output/output.ts';
import { MainSide, type MainSideOptions, SLOT } from '../support/main-side.ts';
import { createContext } from '../support/worker-side.ts';

interface Stage {
  readonly main: MainSide;
  readonly context: WorkerContext;
  readonly output: Output;
  readonly connection: number;
  /** How far the turn has come. The test advances it. */
  readonly progress: { -readonly [Name in keyof TurnProgress]: TurnProgress[Name] };
}

/** The output of a connection that this worker runs. */
function runningConnection(credit: number, options?: MainSideOptions): Stage {
  const main = new MainSide(options);
  const context = createContext(main);
  const connection = main.connect(credit);
  main.receive(connection, 'x'.repeat(40));
  main.table.take(connection, SLOT);
  const progress = { connection, generation: 1, consumed: 0, seen: 1 };
  return { main, context, connection, progress, output: new Output(context, progress) };
}

/** Whether a promise is still pending after everything that could settle it had its turn. */
async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending');
  await setImmediate();
  return (await Promise.race([promise, Promise.resolve(pending)])) === pending;
}

describe('Output, when everything fits', () => {
  test('responses are collected in one record until it is published', () => {
    const { main, output } = runningConnection(1_000);
    expect(output.tryWrite('head ', 'body', 4)).toBe(true);
    expect(output.tryWrite('next', null, 0)).toBe(true);
    expect(main.ring.isEmpty, 'nobody sees it yet').toBe(true);
    output.flush();
    expect(main.drain()).toMatchObject([{ turn: TURN_GOES_ON, isBoundary: true, text: 'head bodynext' }]);
  });

  test.each([
    ['ASCII text', 'plain', 'plain'],
    ['other text, as UTF-8', 'é€', 'Ã©â\x82¬'],
    ['bytes', Buffer.from([0, 255, 10]), '\0\xff\n'],
    ['nothing', '', ''],
  ])('the body of a response may be %s', (_name, body, expected) => {
    const { main, output } = runningConnection(1_000);
    expect(output.tryWrite('', body, Buffer.byteLength(body))).toBe(true);
    output.flush();
    expect(main.drain()[0]?.text).toBe(expected);
  });

  test('a response that exceeds the credit is not written at all', () => {
    const { main, output } = runningConnection(10);
    expect(output.tryWrite('123456', null, 0)).toBe(true);
    expect(output.tryWrite('12345', null, 0), 'one byte too much').toBe(false);
    expect(output.tryWrite('1234', null, 0), 'exactly the rest').toBe(true);
    output.flush();
    expect(main.drain()[0]?.text).toBe('1234561234');
  });

  test('a response goes to a new record when the open one is full', () => {
    const { main, context, output } = runningConnection(100_000, { ringBytes: 4_096 });
    const size = context.ring.largestPayload - 10;
    expect(output.tryWrite('a'.repeat(size), null, 0)).toBe(true);
    expect(output.tryWrite('b'.repeat(20), null, 0)).toBe(true);
    output.flush();
    expect(main.drain().map(({ text }) => text[0])).toEqual(['a', 'b']);
  });

  test('a response larger than a record is not written at once', () => {
    const { context, output } = runningConnection(100_000, { ringBytes: 4_096 });
    expect(output.tryWrite('x'.repeat(context.ring.largestPayload + 1), null, 0)).toBe(false);
    expect(output.tryWrite('x'.repeat(context.ring.largestPayload), null, 0)).toBe(true);
  });

  test('a committed response survives its worker', () => {
    const { main, output } = runningConnection(1_000);
    output.tryWrite('committed', null, 0);
    output.commit();
    output.tryWrite(' and not', null, 0);
    expect(main.salvaged()).toBe('committed');
  });
});

describe('Output, in every record', () => {
  test('a record says how far the turn has come when it is published', () => {
    const { main, output, progress, connection } = runningConnection(1_000);
    output.tryWrite('one', null, 0);
    progress.consumed = 10;
    output.flush();
    progress.consumed = 20;
    progress.seen = 35;
    expect(output.end(TURN_NEED, 7)).toBeUndefined();
    expect(main.drain()).toMatchObject([
      { connection, turn: TURN_GOES_ON, consumed: 10, seen: 1, text: 'one' },
      { connection, turn: TURN_NEED, consumed: 20, seen: 35, missing: 7, text: '' },
    ]);
  });

  test('publishing a record rings main if it sleeps', async () => {
    const main = new MainSide();
    const posted: unknown[] = [];
    const context = createContext(main, (message) => posted.push(message));
    const connection = main.connect();
    const output = new Output(context, { connection, generation: 1, consumed: 0, seen: 0 });
    output.tryWrite('x', null, 0);
    output.flush();
    expect(posted, 'main is awake').toEqual([]);
    main.bell.park();
    output.tryWrite('x', null, 0);
    output.flush();
    await setImmediate();
    expect(posted).toEqual([0]);
  });
});

describe('Output, when something does not fit', () => {
  test('a long response is sent in pieces as its client takes them, in order and whole', async () => {
    const { main, context, output, connection } = runningConnection(5_000);
    const bytes = Buffer.from(Array.from({ length: 50_000 }, (_, index) => index % 251));
    let isSent = false;
    const sending = output.writeAll(bytes).then(() => {
      isSent = true;
    });
    const texts: string[] = [];
    while (!isSent) {
      for (const { text, isBoundary } of main.drain()) {
        texts.push(text);
        expect(isBoundary, 'the response is not complete').toBe(false);
      }
      main.table.extendCredit(connection, 5_000);
      context.creditWaiters.notify();
      await setImmediate();
    }
    await sending;
    texts.push(...main.drain().map(({ text }) => text));
    expect(Buffer.from(texts.join(''), 'latin1').equals(bytes)).toBe(true);
    expect(Math.max(...texts.map(({ length }) => length))).toBeLessThanOrEqual(context.ring.largestPayload);
  });

  test('a long response waits until its credit is worth a record', async () => {
    const { main, context, output, connection } = runningConnection(0);
    const sending = output.writeAll(Buffer.alloc(10_000));
    main.table.extendCredit(connection, 4_095);
    expect(main.table.takeCreditWait(connection), 'it has said that it waits').toBe(true);
    context.creditWaiters.notify();
    expect(await isPending(sending)).toBe(true);
    expect(main.drain(), 'a piece that is too small').toEqual([]);
    main.table.extendCredit(connection, 10_000);
    context.creditWaiters.notify();
    await sending;
    expect(main.drain().map(({ text }) => text.length)).toEqual([10_000]);
  });

  test('a response does not wait for credit that came while it was about to wait', async () => {
    const { main, context, output, connection } = runningConnection(0);
    const setCreditWait = context.table.setCreditWait.bind(context.table);
    context.table.setCreditWait = (number) => {
      main.table.extendCredit(number, 100);
      setCreditWait(number);
    };
    await output.writeAll(Buffer.from('at last'));
    expect(main.drain()).toMatchObject([{ connection, text: 'at last' }]);
  });

  test('a long response waits for room in the ring', async () => {
    const { main, context, output } = runningConnection(100_000, { ringBytes: 4_096 });
    const sending = output.writeAll(Buffer.alloc(20_000, 'x'));
    expect(context.roomWaiters.any).toBe(true);
    let length = 0;
    while (context.roomWaiters.any) {
      length += main.drain().reduce((sum, { text }) => sum + text.length, 0);
      expect(main.words.takeRingWait(), 'it has said that it waits').toBe(true);
      context.roomWaiters.notify();
      await setImmediate();
    }
    await sending;
    expect(length + main.drain().reduce((sum, { text }) => sum + text.length, 0)).toBe(20_000);
  });

  test('a response does not wait for room that came while it was about to wait', async () => {
    const { main, context, output, progress } = runningConnection(100_000, { ringBytes: 4_096 });
    while (context.ring.open(0)) context.ring.publishPart(progress, true);
    const setRingWait = context.words.setRingWait.bind(context.words);
    context.words.setRingWait = () => {
      main.drain();
      setRingWait();
    };
    await output.writeAll(Buffer.from('at last'));
    expect(main.drain()).toMatchObject([{ text: 'at last' }]);
  });

  test('the end of a turn waits for room in the ring', async () => {
    const { main, context, output, progress } = runningConnection(100_000, { ringBytes: 4_096 });
    while (context.ring.open(context.ring.largestPayload)) {
      context.ring.advance(context.ring.largestPayload);
      context.ring.publishPart(progress, true);
    }
    while (context.ring.open(0)) context.ring.publishPart(progress, true);
    const ending = output.end(TURN_ANSWERED, 0);
    expect(ending).toBeInstanceOf(Promise);
    main.drain();
    context.roomWaiters.notify();
    await ending;
    expect(main.drain()).toMatchObject([{ turn: TURN_ANSWERED }]);
  });

  test('a response that was sent in pieces ends with a record that says so', async () => {
    const { main, output } = runningConnection(1_000);
    await output.writeAll(Buffer.from('all of it'));
    await output.completeResponse();
    expect(main.drain().map(({ text, isBoundary }) => [text, isBoundary])).toEqual([
      ['all of it', false],
      ['', true],
    ]);
  });
});

describe('Output, at the beginning of a response that does not fit', () => {
  const text = Array.from({ length: 5_000 }, (_, number) => `${number} `).join('');

  test.each<[string, string | Uint8Array]>([
    ['text', text],
    ['bytes', Buffer.from(text)],
  ])('of %s, as much is written as there is credit', (_name, body) => {
    const { main, output } = runningConnection(10_000);
    const written = output.writeBeginning('head ', body);
    expect(written).toBe(10_000 - 5);
    const records = main.drain();
    expect(records.map((record) => record.text).join('')).toBe(`head ${text.slice(0, written)}`);
    for (const { isBoundary } of records) expect(isBoundary, 'the response is not complete').toBe(false);
    expect(output.writeBeginning('head ', body), 'without credit').toBe(0);
    expect(main.drain()).toEqual([]);
  });

  test('as many records are written as the ring has room for', () => {
    const { main, context, output } = runningConnection(100_000, { ringBytes: 4_096 });
    const written = output.writeBeginning('head ', text);
    expect(written).toBeLessThan(4_096);
    const records = main.drain();
    expect(records.length).toBeGreaterThan(1);
    expect(records[0]?.text).toHaveLength(context.ring.largestPayload);
    expect(records.map((record) => record.text).join('')).toBe(`head ${text.slice(0, written)}`);
  });

  test('nothing is written if the head would leave little credit for the body', () => {
    const { main, output } = runningConnection(5_000);
    const head = 'h'.repeat(1_000);
    expect(output.writeBeginning(head, text)).toBe(0);
    expect(main.drain()).toEqual([]);
    expect(output.writeBeginning(head.slice(1, -100), text)).toBe(5_000 - 899);
  });

  test('responses before it are published first', () => {
    const { main, output } = runningConnection(10_000);
    output.tryWrite('earlier', null, 0);
    output.writeBeginning('head ', text);
    expect(main.drain()[0]).toMatchObject({ text: 'earlier', isBoundary: true });
  });
});

describe('Output, when it is aborted', () => {
  test('an aborted output ends the waits there are, and those to come', async () => {
    const { output } = runningConnection(0);
    const aborted = expect.objectContaining({ code: 'ERR_OUTPUT_ABORTED' });
    const waits = [output.writeAll(Buffer.from('x')), output.unlessAborted(new Promise(() => {}))];
    output.abort();
    for (const wait of waits) await expect(wait).rejects.toEqual(aborted);
    await expect(output.writeAll(Buffer.from('x'))).rejects.toEqual(aborted);
    await expect(output.unlessAborted(Promise.resolve(1))).rejects.toEqual(aborted);
  });

  test('an output that is not aborted passes on the result of a promise of the application', async () => {
    const { output } = runningConnection(0);
    await expect(output.unlessAborted(Promise.resolve('value'))).resolves.toBe('value');
    await expect(output.unlessAborted(Promise.reject(new Error('own')))).rejects.toThrow('own');
  });

  test('an aborted output can still end its turn', () => {
    const { main, output } = runningConnection(0);
    output.abort();
    expect(output.end(TURN_ANSWERED, 0)).toBeUndefined();
    expect(main.drain()).toHaveLength(1);
  });
});
