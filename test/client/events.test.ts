/** The stream of events over connections that are cut, slow, silent or wrong. */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Events } from '../../src/client/events/follow-events.ts';
import type { CloudVmEvent } from '../../src/client/index.ts';
import { answerJson, answerProblem, ID, ScriptedServer, VM } from './support/scripted-server.ts';

const QUICK = { reconnectDelayMs: 1 };

function begin(response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8' });
  response.flushHeaders();
}

function vmEvent(id: string, name = 'web'): string {
  return `id: ${id}\nevent: vm\ndata: ${JSON.stringify({ ...VM, name })}\n\n`;
}

async function take(events: Events, count: number): Promise<CloudVmEvent[]> {
  const taken: CloudVmEvent[] = [];
  for await (const event of events) {
    taken.push(event);
    if (taken.length === count) break;
  }
  return taken;
}

/**
 * Both ends are in this process. When its event loop has turned so often, neither has anything left to do.
 */
const TURNS = 1_000;

async function isStillAfterTurns(hasMoved: () => boolean): Promise<boolean> {
  for (let turn = 0; turn < TURNS && !hasMoved(); turn += 1) await nextTurn();
  return !hasMoved();
}

test('events have their name, their id and their data', async () => {
  await using server = await ScriptedServer.start((response) => {
    begin(response);
    response.write(`: hello\n\n${vmEvent('1')}`);
    response.write(`id: 2\nevent: vm-deleted\ndata: {"id":"${ID}"}\n\n`);
  });
  await using client = server.client({ token: 'secret' });
  expect(await take(client.events(), 2)).toEqual([
    { event: 'vm', id: '1', data: VM },
    { event: 'vm-deleted', id: '2', data: { id: ID } },
  ]);
  expect(server.requests[0]?.headers).toMatchObject({
    accept: 'text/event-stream',
    authorization: 'Bearer secret',
  });
  expect(server.requests[0]?.headers['last-event-id']).toBeUndefined();
});

test('leaving the loop closes the connection', async () => {
  await using server = await ScriptedServer.start((response) => {
    begin(response);
    response.write(vmEvent('1'));
  });
  await using client = server.client();
  await take(client.events(), 1);
  const gone = server.requests[0]?.gone;
  if (gone?.aborted === false) await once(gone, 'abort');
});

test('a stream that breaks within an event goes on after the last whole one, and nothing is lost or doubled', async () => {
  const all = ['1', '2', '3', '4', '5'].map((id) => vmEvent(id, 'ä€😀'));
  await using server = await ScriptedServer.start((response, { headers }, number) => {
    begin(response);
    const next = Number(headers['last-event-id'] ?? 0);
    const bytes = Buffer.from(all.slice(next).join(''));
    // One event and a piece of the next, cut within a character by the later connections.
    const end = Math.min(bytes.length, Buffer.byteLength(all[next] ?? '') + 90 + number);
    response.write(bytes.subarray(0, end), () => response.destroy());
  });
  await using client = server.client();
  const events = await take(client.events(QUICK), 5);
  expect(events.map(({ id }) => id)).toEqual(['1', '2', '3', '4', '5']);
  expect(events.every(({ data }) => 'name' in data && data.name === 'ä€😀')).toBe(true);
  expect(server.requests.map(({ headers }) => headers['last-event-id'])).toEqual([
    undefined,
    '1',
    '2',
    '3',
    '4',
  ]);
});

test('CRLF and characters that are cut between two pieces are read as one', async () => {
  const bytes = Buffer.from(vmEvent('1', 'ä€😀').replaceAll('\n', '\r\n'));
  await using server = await ScriptedServer.start(async (response) => {
    begin(response);
    response.socket?.setNoDelay(true);
    for (const byte of bytes) {
      response.write(Buffer.of(byte));
      await new Promise(setImmediate);
    }
  });
  await using client = server.client();
  expect(await take(client.events(), 1)).toEqual([{ event: 'vm', id: '1', data: { ...VM, name: 'ä€😀' } }]);
});

test('an id that is taken away is not sent with the next connection', async () => {
  await using server = await ScriptedServer.start((response, _request, number) => {
    begin(response);
    response.end(number === 0 ? `${vmEvent('1')}id\n\n` : vmEvent('2'));
  });
  await using client = server.client();
  const events = await take(client.events({ ...QUICK, lastEventId: 'earlier' }), 2);
  expect(events.map(({ id }) => id)).toEqual(['1', '2']);
  expect(server.requests.map(({ headers }) => headers['last-event-id'])).toEqual(['earlier', undefined]);
});

test('onStart is awaited whenever the stream begins without an event to go on after', async () => {
  const order: string[] = [];
  await using server = await ScriptedServer.start((response, { headers }, number) => {
    begin(response);
    order.push(`connection after ${headers['last-event-id'] ?? 'nothing'}`);
    // The first connection brings nothing, the second one an event.
    response.end(number === 0 ? '' : vmEvent(String(number)));
  });
  await using client = server.client();
  const onStart = async (): Promise<void> => {
    await new Promise(setImmediate);
    order.push('start');
  };
  for await (const { id } of client.events({ ...QUICK, onStart })) {
    order.push(`event ${id}`);
    if (id === '3') break;
  }
  expect(order.filter((step) => !step.endsWith('nothing'))).toEqual([
    'start',
    'start',
    ...['event 1', 'connection after 1', 'event 2', 'connection after 2', 'event 3'],
  ]);
});

test('an error of onStart ends the stream and its connection', async () => {
  await using server = await ScriptedServer.start(begin);
  await using client = server.client();
  const onStart = (): never => {
    throw new Error('mine');
  };
  await expect(client.events({ onStart }).next()).rejects.toThrow('mine');
  const gone = server.requests[0]?.gone;
  if (gone?.aborted === false) await once(gone, 'abort');
});

test('an id in another alphabet is sent back as the bytes that came', async () => {
  await using server = await ScriptedServer.start((response, _request, number) => {
    begin(response);
    response.end(number === 0 ? vmEvent('ä€') : vmEvent('2'));
  });
  await using client = server.client();
  await take(client.events(QUICK), 2);
  const sent = server.requests[1]?.headers['last-event-id']?.toString() ?? '';
  expect(Buffer.from(sent, 'latin1').toString('utf8')).toBe('ä€');
});

test('names that are new to this client are skipped', async () => {
  await using server = await ScriptedServer.start((response) => {
    begin(response);
    response.end(`id: 1\nevent: volume\ndata: {}\n\nid: 2\nevent: toString\ndata: {}\n\n${vmEvent('3')}`);
  });
  await using client = server.client();
  expect((await take(client.events(), 1))[0]?.id).toBe('3');
});

test('a connection that is silent is replaced', async () => {
  await using server = await ScriptedServer.start((response, _request, number) => {
    begin(response);
    if (number > 0) response.write(vmEvent('1'));
  });
  await using client = server.client();
  const events = await take(client.events({ ...QUICK, silenceMs: 300 }), 1);
  expect(events).toHaveLength(1);
  expect(server.requests.length).toBeGreaterThan(1);
});

test('comments keep a connection on which nothing happens', async () => {
  await using server = await ScriptedServer.start((response, { gone }) => {
    begin(response);
    let comments = 0;
    const timer = setInterval(() => {
      comments += 1;
      response.write(comments < 110 ? ': still here\n\n' : vmEvent('1'));
    }, 20);
    gone.addEventListener('abort', () => clearInterval(timer));
  });
  await using client = server.client();
  await take(client.events({ ...QUICK, silenceMs: 2_000 }), 1);
  expect(server.requests).toHaveLength(1);
});

test('a server that is away for a while is asked again', async () => {
  await using server = await ScriptedServer.start((response, _request, number) => {
    if (number === 0) response.destroy();
    else if (number === 1) answerProblem(response, 503, 'service-unavailable', { 'Retry-After': '0' });
    else {
      begin(response);
      response.end(vmEvent('1'));
    }
  });
  await using client = server.client();
  expect(await take(client.events(QUICK), 1)).toHaveLength(1);
  expect(server.requests).toHaveLength(3);
});

test('connections that bring nothing are bounded, and the last error is thrown', async () => {
  await using server = await ScriptedServer.start((response) => {
    begin(response);
    response.end();
  });
  await using client = server.client();
  const events = client.events({ ...QUICK, maxFailures: 3 });
  await expect(events.next()).rejects.toMatchObject({ code: 'ERR_CLOUDVM_NETWORK' });
  expect(server.requests).toHaveLength(3);
  expect(await events.next()).toEqual({ done: true, value: undefined });
});

test.each([400, 401, 404])('a refusal with %i ends the stream', async (status) => {
  await using server = await ScriptedServer.start((response) => answerProblem(response, status, 'x'));
  await using client = server.client();
  await expect(client.events(QUICK).next()).rejects.toMatchObject({ status, operationId: 'streamEvents' });
  expect(server.requests).toHaveLength(1);
});

test('204 says that there are no more events', async () => {
  await using server = await ScriptedServer.start((response) => response.writeHead(204).end());
  await using client = server.client();
  expect(await Array.fromAsync(client.events())).toEqual([]);
});

test('an answer that is no stream of events is an error', async () => {
  await using server = await ScriptedServer.start((response) => answerJson(response, 200, VM));
  await using client = server.client();
  await expect(client.events().next()).rejects.toMatchObject({ code: 'ERR_CLOUDVM_BAD_ANSWER' });
});

test.each(['{"id":', '7', ''])('an event with the data %j is an error', async (data) => {
  await using server = await ScriptedServer.start((response) => {
    begin(response);
    response.write(`event: vm\ndata: ${data}\n\n`);
  });
  await using client = server.client();
  await expect(client.events().next()).rejects.toMatchObject({ code: 'ERR_CLOUDVM_BAD_ANSWER' });
});

test('an event that never ends is cut off at its bound', async () => {
  await using server = await ScriptedServer.start((response, { gone }) => {
    begin(response);
    response.write('data: ');
    const piece = 'x'.repeat(65_536);
    const more = (): void => {
      while (!gone.aborted && response.write(piece));
      response.once('drain', more);
    };
    more();
  });
  await using client = server.client({ maxAnswerBytes: 1_000_000 });
  await expect(client.events().next()).rejects.toMatchObject({ code: 'ERR_CLOUDVM_BAD_ANSWER' });
});

test('a caller who is slow slows the server down, and nothing piles up here', async () => {
  const event = vmEvent('1');
  let written = 0;
  const { promise: full, resolve: isFull } = Promise.withResolvers<void>();
  await using server = await ScriptedServer.start((response, { gone }) => {
    begin(response);
    const more = (): void => {
      let goesOn = true;
      while (goesOn && !gone.aborted) {
        goesOn = response.write(event);
        written += event.length;
      }
      let isTaken = false;
      response.once('drain', () => {
        isTaken = true;
        more();
      });
      void isStillAfterTurns(() => isTaken).then((isStill) => isStill && isFull());
    };
    more();
  });
  await using client = server.client();
  const events = client.events();
  await events.next();
  await full;
  // What the system holds for both ends is some megabytes.
  expect(written).toBeLessThan(64 * 1024 * 1024);
  await events.return();
});

test('the signal of the caller ends the stream, also while it waits for a connection', async () => {
  const controller = new AbortController();
  await using server = await ScriptedServer.start((response, _request, number) => {
    if (number > 0) return void setImmediate(() => controller.abort('enough'));
    begin(response);
    response.end(vmEvent('1'));
  });
  await using client = server.client();
  const events = client.events({ ...QUICK, signal: controller.signal });
  expect((await events.next()).done).toBe(false);
  await expect(events.next()).rejects.toBe('enough');
});

test('the signal of the caller ends a stream on which nothing happens', async () => {
  const controller = new AbortController();
  await using server = await ScriptedServer.start((response) => {
    begin(response);
    setImmediate(() => controller.abort('enough'));
  });
  await using client = server.client();
  await expect(client.events({ signal: controller.signal }).next()).rejects.toBe('enough');
  const gone = server.requests[0]?.gone;
  if (gone?.aborted === false) await once(gone, 'abort');
});
