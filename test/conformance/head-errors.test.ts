/** Responses to HEAD have no content, whatever their status (RFC 9110, section 9.3.2). */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Server } from '../../src/runtime/server/server.ts';
import { ECHO_APPLICATION, startServer } from '../runtime/server/support/start.ts';
import { Connection } from './connection.ts';

let server: Server;

beforeAll(async () => {
  server = await startServer({ app: ECHO_APPLICATION });
});

afterAll(() => server.close());

async function contentAfter(request: string): Promise<[status: number | undefined, content: string]> {
  using connection = await Connection.open({ host: '127.0.0.1', port: server.port }, [0]);
  await connection.write(Buffer.from(request, 'latin1'));
  connection.finish();
  await connection.until(() => connection.closed, 15_000);
  // A client that has sent FIN may get interim responses, which show whether it still listens.
  const final = connection.responses.find((response) => response.status >= 200);
  return [final?.status, connection.rest];
}

const HOST = 'Host: localhost\r\n';

describe('a response to HEAD has no content', () => {
  it.each([
    [200, `HEAD /health HTTP/1.1\r\n${HOST}\r\n`],
    [200, `HEAD /big?bytes=100000 HTTP/1.1\r\n${HOST}\r\n`],
    [200, `HEAD /stream?chunks=9 HTTP/1.1\r\n${HOST}\r\n`],
    [404, `HEAD /nothing HTTP/1.1\r\n${HOST}\r\n`],
    [500, `HEAD /throw HTTP/1.1\r\n${HOST}\r\n`],
    [500, `HEAD /reject HTTP/1.1\r\n${HOST}\r\n`],
  ])('%i: %j', async (status, request) => {
    expect(await contentAfter(request)).toEqual([status, '']);
  });

  it.each([
    [400, 'HEAD /health HTTP/1.1\r\n\r\n'],
    [417, `HEAD /health HTTP/1.1\r\n${HOST}Expect: other\r\n\r\n`],
    [400, `HEAD /health HTTP/1.1\r\n${HOST}Content-Length: x\r\n\r\n`],
    [431, `HEAD /health HTTP/1.1\r\n${HOST}x: ${'y'.repeat(20_000)}\r\n\r\n`],
    [505, `HEAD /health HTTP/2.0\r\n${HOST}\r\n`],
  ])('%i: %j', async (status, request) => {
    expect(await contentAfter(request)).toEqual([status, '']);
  });
});
