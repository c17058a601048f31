/** The headers that the contract asks of every answer, and of the private ones. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CloudVm } from './support/cloudvm.ts';

const PRIVATE = 'private, no-cache';

let cloudVm: CloudVm;
let token: string;
let vm: string;

beforeAll(async () => {
  cloudVm = await CloudVm.open();
  token = await cloudVm.register();
  const body = { name: 'web', provider: 'aws', region: 'eu-west-1' };
  vm = `/api/vms/${String((await cloudVm.http.ask('POST', '/api/vms', { token, body })).json['id'])}`;
});

afterAll(() => cloudVm[Symbol.asyncDispose]());

/** `:vm` stands for the VM. */
interface Row {
  readonly status: number;
  readonly line: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly isAnonymous?: boolean;
  readonly cacheControl?: string;
}

test.each<Row>([
  { status: 200, line: 'GET /api/vms', cacheControl: PRIVATE },
  { status: 200, line: 'GET :vm', cacheControl: PRIVATE },
  { status: 304, line: 'GET :vm', headers: { 'If-None-Match': '*' }, cacheControl: PRIVATE },
  { status: 412, line: 'GET :vm', headers: { 'If-Match': '"99"' }, cacheControl: PRIVATE },
  { status: 200, line: 'GET /api/auth/me', cacheControl: PRIVATE },
  { status: 404, line: 'GET /api/vms/x', cacheControl: PRIVATE },
  { status: 422, line: 'GET /api/vms?limit=x', cacheControl: PRIVATE },
  { status: 401, line: 'GET /api/vms', isAnonymous: true, cacheControl: PRIVATE },
  {
    status: 401,
    line: 'GET /api/vms',
    isAnonymous: true,
    headers: { Authorization: 'Bearer x' },
    cacheControl: PRIVATE,
  },
  { status: 411, line: 'POST /api/vms', cacheControl: PRIVATE },
  { status: 411, line: 'POST /api/auth/login' },
  { status: 404, line: 'GET /unknown' },
  { status: 405, line: 'PUT /api/vms' },
  { status: 204, line: 'OPTIONS /api/vms' },
  { status: 200, line: 'GET /health/ready', cacheControl: 'no-store' },
])('$status of $line has the headers of the contract', async (row) => {
  const { status, line, headers = {}, isAnonymous = false, cacheControl } = row;
  const [method = '', target = ''] = line.replace(':vm', vm).split(' ');
  const answer = await cloudVm.http.ask(method, target, { headers, ...(isAnonymous ? {} : { token }) });
  expect(answer.status).toBe(status);
  expect(answer.headers['x-content-type-options']).toBe('nosniff');
  expect(answer.headers['x-request-id']).toMatch(/^[\da-f]{16}-[\da-z]+$/);
  expect(answer.headers['cache-control']).toBe(cacheControl);
});

test('a token is stored nowhere', async () => {
  const body = { email: 'grace@example.com', username: 'grace', password: 'correct horse battery' };
  const answer = await cloudVm.http.ask('POST', '/api/auth/register', { body });
  expect(answer.headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
});

test('/health is the same from a worker and from the main thread', async () => {
  const { headers } = await cloudVm.http.ask('GET', '/health');
  expect(Object.keys(headers)).toEqual(['content-type']);
});

test.each([
  ['OPTIONS', 204],
  ['DELETE', 405],
  ['PATCH', 405],
  ['POST', 405],
])('%s of the stream of events is %i, and not a request to a VM of this name', async (method, status) => {
  const answer = await cloudVm.http.ask(method, '/api/vms/events', { token });
  expect(answer.status).toBe(status);
  expect(answer.headers['allow']).toBe('GET, HEAD, OPTIONS');
});
