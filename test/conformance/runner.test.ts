/** The runner against servers with known faults, because a runner that cannot fail proves nothing. */

import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { type ConformanceCase, loadCases } from './case.ts';
import { type Outcome, type Pace, play } from './exchange.ts';
import { judge } from './judge.ts';
import { readResponses } from './response.ts';

const HEALTH = 'HTTP/1.1 200 OK\r\nDate: Mon, 23 Nov 2026 00:00:00 GMT\r\nContent-Type: application/json\r\n';
const OK = `${HEALTH}Content-Length: 2\r\n\r\n{}`;
const NEXT = `${HEALTH}Content-Length: 26\r\n\r\n{"a":"next","b":"request"}`;

/** Plays a case to a server that calls `onText` with everything that has come on a connection. */
async function playTo(
  id: string,
  pace: Pace,
  onText: (socket: Socket, text: string) => void,
): Promise<[ConformanceCase, Outcome]> {
  const conformanceCase = loadCases().find((candidate) => candidate.id === id);
  if (conformanceCase === undefined) throw new Error(`no case ${id}`);
  await using server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    let text = '';
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      onText(socket, text);
    });
    socket.on('end', () => socket.end());
    socket.on('error', () => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return [conformanceCase, await play(conformanceCase, { host: '127.0.0.1', port }, pace)];
}

/**
 * Answers each request that ends with an empty line. Only the last one, which asks for a close, gets a
 * correct answer.
 */
function answerWith(text: string): (socket: Socket, received: string) => void {
  return (socket, received) => {
    if (!received.endsWith('\r\n\r\n')) return;
    if (received.includes('/params/next')) socket.end(NEXT);
    else socket.write(text);
  };
}

describe('the conformance runner', () => {
  it('passes a server that answers well', async () => {
    expect(judge(...(await playTo('rl-valid-get', 'whole', answerWith(OK))))).toEqual([]);
  });

  it('sends every byte on its own when asked to', async () => {
    const lengths: number[] = [];
    await playTo('rl-valid-get', 'every byte', (socket, text) => {
      if (!text.includes('/params')) lengths.push(text.length);
      answerWith(OK)(socket, text);
    });
    // Under load the system may join some segments. The split tests of the cores do not depend on the system.
    expect(new Set(lengths).size).toBeGreaterThan(30);
  });

  it.each([
    ['the wrong status', OK.replace('200', '201'), 'status 201, expected 200'],
    ['two responses', OK + OK, '2 responses, expected 1'],
    ['a body that is too short', OK.replace('{}', '{'), 'response 1 (200): cut short'],
    ['bytes that are no response', `${OK}what`, 'bytes that are no response: "what"'],
    ['the wrong media type', OK.replace('json', 'xml'), 'content-type is "application/xml", expected json'],
    [
      'two lengths',
      OK.replace('Content-Length: 2\r\n', 'Content-Length: 2\r\nContent-Length: 2\r\n'),
      'response 1 (200): Content-Length 2 | 2',
    ],
    [
      'length and coding',
      OK.replace('\r\n\r\n', '\r\nTransfer-Encoding: chunked\r\n\r\n'),
      'response 1 (200): Content-Length and Transfer-Encoding',
    ],
  ])('complains about %s', async (_what, text, complaint) => {
    const closing = (socket: Socket, received: string): void => {
      if (received.endsWith('\r\n\r\n')) socket.end(text);
    };
    expect(judge(...(await playTo('rl-valid-get', 'whole', closing)))).toContain(complaint);
  });

  it('complains about a connection that was closed and should not have been', async () => {
    const closing = (socket: Socket): unknown => socket.end(OK);
    expect(judge(...(await playTo('rl-valid-get', 'whole', closing)))).toContain('the connection was closed');
  });

  it('complains about a server that takes a part of the next request for the body', async () => {
    const lagging = (socket: Socket, text: string): void => {
      if (text.includes('/params')) socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n');
      else answerWith(OK)(socket, text);
    };
    const [complaint] = judge(...(await playTo('rl-valid-get', 'whole', lagging)));
    expect(complaint).toMatch(/the next request on the connection: 400/);
  });
});

it('every conformance case has an id of its own, so that a failure can be found', () => {
  const ids = loadCases().map(({ id }) => id);
  expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([]);
});

describe('readResponses', () => {
  it('reads interim, chunked and HEAD responses', () => {
    const text = `HTTP/1.1 100 Continue\r\n\r\n${HEALTH}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n${HEALTH}Content-Length: 9\r\n\r\n`;
    const { responses, rest } = readResponses(text, [1], false);
    expect(rest).toBe('');
    expect(responses.map(({ status, body, complete }) => [status, body, complete])).toEqual([
      [100, '', true],
      [200, 'abc', true],
      [200, '', true],
    ]);
  });

  it('keeps the bytes of an incomplete head', () => {
    expect(readResponses(`${OK}HTTP/1.1 20`, [], false).rest).toBe('HTTP/1.1 20');
  });
});
