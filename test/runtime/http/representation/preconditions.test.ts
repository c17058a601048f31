/** Preconditions (RFC 9110, section 13) through the front door: methods, header fields, states, statuses. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Server } from '../../../../src/runtime/server/server.ts';
import { RawClient, type RawResponse } from '../../../support/raw-client.ts';
import { startServer } from '../../server/support/start.ts';

const BEFORE = 'Thu, 29 Feb 2024 12:30:14 GMT';
const SAME = 'Thu, 29 Feb 2024 12:30:15 GMT';
const AFTER = 'Thu, 29 Feb 2024 12:30:16 GMT';
const RFC_850 = 'Thursday, 29-Feb-24 12:30:15 GMT';
const ASCTIME = 'Thu Feb 29 12:30:15 2024';

/** The status of GET and HEAD, and that of the unsafe methods. */
type Row = readonly [thing: string, fields: string, get: number, unsafe: number];

const ROWS: readonly Row[] = [
  // No precondition
  ['strong', '', 200, 204],
  ['bare', '', 200, 204],
  ['absent', '', 404, 404],
  // If-Match: the strong comparison
  ['strong', 'If-Match: "v1"', 200, 204],
  ['strong', 'If-Match: "v0", "v1"', 200, 204],
  ['strong', 'If-Match: "v0"\r\nIf-Match: "v1"', 200, 204],
  ['strong', 'If-Match: *', 200, 204],
  ['strong', 'If-Match: "v2"', 412, 412],
  ['strong', 'If-Match: "V1"', 412, 412],
  ['strong', 'If-Match: W/"v1"', 412, 412],
  ['weak', 'If-Match: W/"v1"', 412, 412],
  ['weak', 'If-Match: "v1"', 412, 412],
  ['weak', 'If-Match: *', 200, 204],
  ['bare', 'If-Match: "v1"', 412, 412],
  ['bare', 'If-Match: *', 200, 204],
  ['absent', 'If-Match: "v1"', 404, 404],
  ['absent', 'If-Match: *', 404, 404],
  // If-None-Match: the weak comparison
  ['strong', 'If-None-Match: "v1"', 304, 412],
  ['strong', 'If-None-Match: W/"v1"', 304, 412],
  ['strong', 'If-None-Match: "v0", "v1"', 304, 412],
  ['strong', 'If-None-Match: *', 304, 412],
  ['strong', 'If-None-Match: "v2"', 200, 204],
  ['weak', 'If-None-Match: "v1"', 304, 412],
  ['weak', 'If-None-Match: W/"v1"', 304, 412],
  ['bare', 'If-None-Match: *', 304, 412],
  ['bare', 'If-None-Match: "v1"', 200, 204],
  ['absent', 'If-None-Match: *', 404, 404],
  // If-Modified-Since, which means nothing to other methods than GET and HEAD
  ['dated', `If-Modified-Since: ${BEFORE}`, 200, 204],
  ['dated', `If-Modified-Since: ${SAME}`, 304, 204],
  ['dated', `If-Modified-Since: ${AFTER}`, 304, 204],
  ['dated', `If-Modified-Since: ${RFC_850}`, 304, 204],
  ['dated', `If-Modified-Since: ${ASCTIME}`, 304, 204],
  ['strong', `If-Modified-Since: ${AFTER}`, 200, 204],
  ['bare', `If-Modified-Since: ${AFTER}`, 200, 204],
  // If-Unmodified-Since
  ['dated', `If-Unmodified-Since: ${BEFORE}`, 412, 412],
  ['dated', `If-Unmodified-Since: ${SAME}`, 200, 204],
  ['dated', `If-Unmodified-Since: ${AFTER}`, 200, 204],
  ['dated', `If-Unmodified-Since: Thursday, 29-Feb-24 12:30:14 GMT`, 412, 412],
  ['strong', `If-Unmodified-Since: ${BEFORE}`, 200, 204],
  // Dates that are none are ignored
  ['dated', 'If-Modified-Since: tomorrow', 200, 204],
  ['dated', 'If-Modified-Since: 1', 200, 204],
  ['dated', 'If-Modified-Since: 2024-03-01T00:00:00Z', 200, 204],
  ['dated', 'If-Modified-Since: Fri, 29 Feb 2024 12:30:15 GMT', 200, 204],
  ['dated', 'If-Modified-Since: Fri, 30 Feb 2024 12:30:15 GMT', 200, 204],
  ['dated', 'If-Modified-Since: Thu, 29 Feb 2024 12:30:15 CET', 200, 204],
  ['dated', 'If-Modified-Since:', 200, 204],
  ['dated', `If-Modified-Since: ${AFTER}\r\nIf-Modified-Since: ${AFTER}`, 200, 204],
  ['dated', 'If-Unmodified-Since: yesterday', 200, 204],
  ['dated', 'If-Unmodified-Since: Thu, 29 Feb 2024 12:30:14 +0000', 200, 204],
  // The order: entity tags decide alone where there are any, those of the state before those of the client
  ['both', `If-Match: "v1"\r\nIf-Unmodified-Since: ${BEFORE}`, 200, 204],
  ['both', `If-Match: "v2"\r\nIf-Unmodified-Since: ${AFTER}`, 412, 412],
  ['both', `If-None-Match: "v2"\r\nIf-Modified-Since: ${AFTER}`, 200, 204],
  ['both', `If-None-Match: "v1"\r\nIf-Modified-Since: ${BEFORE}`, 304, 412],
  ['both', `If-None-Match: v1\r\nIf-Modified-Since: ${AFTER}`, 200, 400],
  ['both', 'If-Match: "v1"\r\nIf-None-Match: "v1"', 304, 412],
  ['both', 'If-Match: "v2"\r\nIf-None-Match: "v1"', 412, 412],
  ['both', `If-Match: "v1"\r\nIf-Modified-Since: ${AFTER}`, 304, 204],
  ['both', `If-Unmodified-Since: ${BEFORE}\r\nIf-None-Match: "v1"`, 412, 412],
  // Lists as RFC 9110 writes them, and worse
  ['comma', 'If-Match: "a,b"', 200, 204],
  ['comma', 'If-Match: "x", "a,b" ,"y"', 200, 204],
  ['comma', 'If-Match: "a", "b"', 412, 412],
  ['comma', 'If-None-Match: "a,b"', 304, 412],
  ['strong', 'If-Match: ,\t"v0"\t,, "v1",', 200, 204],
  ['strong', 'If-Match: "\u00e9\u00ff", "v1"', 200, 204],
  ['strong', 'If-None-Match: "\u00e9"', 200, 204],
  ['strong', 'If-Match:', 400, 400],
  ['strong', 'If-Match: ,,', 400, 400],
  ['strong', 'If-Match: v1', 400, 400],
  ['strong', "If-Match: 'v1'", 400, 400],
  ['strong', 'If-Match: w/"v1"', 400, 400],
  ['strong', 'If-Match: W/ "v1"', 400, 400],
  ['strong', 'If-Match: "v1" "v2"', 400, 400],
  ['strong', 'If-Match: "v 1"', 400, 400],
  ['strong', 'If-Match: "v1', 400, 400],
  ['strong', 'If-Match: *, "v1"', 400, 400],
  ['strong', 'If-Match: *\r\nIf-Match: *', 400, 400],
  ['strong', 'If-None-Match: *, "v1"', 200, 400],
  ['strong', 'If-None-Match: "v1', 200, 400],
  ['strong', `If-Match: ,${' '.repeat(8000)}x`, 400, 400],
  ['strong', `If-Match: "b"${'\t '.repeat(4000)}x`, 400, 400],
  ['strong', `If-Match: ${'"a'.repeat(5000)}`, 400, 400],
  ['strong', `If-Match: ${', '.repeat(5000)}"v1"`, 200, 204],
  ['strong', `If-None-Match: ${'"x",'.repeat(3500)}"v1"`, 304, 412],
  // The runtime answers no ranges
  ['strong', 'Range: bytes=0-1', 200, 204],
  ['strong', 'Range: bytes=0-1\r\nIf-Range: "v2"', 200, 204],
  ['strong', 'Range: bytes=0-1\r\nIf-None-Match: "v1"', 304, 412],
];

let server: Server;
let client: RawClient;

beforeAll(async () => {
  const app = new URL('../../../fixtures/validators-app.ts', import.meta.url).href;
  server = await startServer({ app, workers: 1 });
});

beforeEach(async () => {
  client = await RawClient.connect(server.port);
});

afterEach(() => client.close());

afterAll(async () => {
  await server.close();
});

function ask(method: string, path: string, fields: string): Promise<RawResponse> {
  const lines = ['Host: test', ...(fields === '' ? [] : [fields])];
  client.send(Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`, 'latin1'));
  return client.next(method === 'HEAD');
}

async function changes(): Promise<number> {
  return Number((await ask('GET', '/changes', '')).body.toString());
}

const brief = (fields: string) => (fields.length > 80 ? `${fields.slice(0, 20)}…` : fields);

describe.each(ROWS.map((row) => [row[0], brief(row[1]), row] as const))(
  'to %s with %j',
  (_thing, _fields, [thing, fields, safe, unsafe]) => {
    const path = `/things/${thing}`;

    test.each(['GET', 'HEAD'])(`%s is ${safe}`, async (method) => {
      const { status, headers, body } = await ask(method, path, fields);
      expect(status).toBe(safe);
      expect(body.length > 0).toBe(method === 'GET' && safe !== 304);
      if (safe === 200 || safe === 304) expect(headers).toMatchObject({ 'cache-control': 'max-age=60' });
      else expect(headers).not.toHaveProperty('cache-control');
    });

    test.each(['PATCH', 'DELETE', 'PUT'])(`%s is ${unsafe}, and is done only then`, async (method) => {
      // PUT makes what is not there, so it has a table of its own.
      if (method === 'PUT' && thing === 'absent') return;
      const before = await changes();
      const { status } = await ask(method, path, fields);
      expect(status).toBe(unsafe);
      expect(await changes()).toBe(unsafe === 204 ? before + 1 : before);
    });
  },
);

describe('a thing that is not there is made', () => {
  test.each([
    ['', 201],
    ['If-None-Match: *', 201],
    ['If-None-Match: "v1"', 201],
    [`If-Unmodified-Since: ${BEFORE}`, 201],
    ['If-Match: *', 412],
    ['If-Match: "v1"', 412],
    ['If-Match: v1', 400],
  ])('with %j: %i', async (fields, expected) => {
    const before = await changes();
    expect((await ask('PUT', '/things/absent', fields)).status).toBe(expected);
    expect(await changes()).toBe(expected === 201 ? before + 1 : before);
  });
});

describe('a route that declares no validators evaluates them as those of a thing that exists', () => {
  test.each([
    ['If-Match: "v1"', 412],
    ['If-Match: *', 204],
    ['If-None-Match: *', 412],
    ['If-None-Match: "v1"', 204],
    [`If-Unmodified-Since: ${BEFORE}`, 204],
    [`If-Modified-Since: ${AFTER}`, 204],
    ['If-Match: v1', 400],
  ])('with %j: %i', async (fields, expected) => {
    const before = await changes();
    expect((await ask('POST', '/undeclared', fields)).status).toBe(expected);
    expect(await changes()).toBe(expected === 204 ? before + 1 : before);
  });
});

test('a handler that promised to evaluate preconditions and did not answers 500', async () => {
  expect((await ask('PUT', '/unchecked', '')).status).toBe(204);
  expect((await ask('PUT', '/unchecked', 'If-Match: "v1"')).status).toBe(500);
});

test.each([
  ['PUT', '/refused', 409],
  ['POST', '/nowhere', 404],
  ['GET', '/nowhere', 404],
  ['PATCH', '/undeclared', 405],
  ['OPTIONS', '/things/strong', 204],
  ['OPTIONS', '*', 204],
])('%s %s is %i with any precondition, because it would be without', async (method, path, status) => {
  for (const fields of ['If-Match: "v2"', 'If-None-Match: *', 'If-Match: v1'])
    expect((await ask(method, path, fields)).status).toBe(status);
});

test('412 says which condition, and the current ETag', async () => {
  const { headers, body } = await ask('GET', '/things/strong', 'If-Match: "v2"');
  expect(headers).toMatchObject({ 'content-type': 'application/problem+json', vary: 'Accept' });
  expect(headers).not.toHaveProperty('etag');
  expect(JSON.parse(body.toString())).toEqual({
    type: '/problems/precondition-failed',
    title: 'Precondition Failed',
    status: 412,
    detail: 'The condition of If-Match is not met. The current ETag is "v1".',
    instance: '/things/strong',
  });
});

test('a stream that is not wanted any more gives way to 304 and 412', async () => {
  expect((await ask('GET', '/stream', 'If-None-Match: "v1"')).status).toBe(304);
  expect((await ask('GET', '/stream', 'If-Match: "v2"')).status).toBe(412);
  expect((await ask('GET', '/stream', 'If-Match: "v1"')).body.toString()).toBe('piece');
});
