/** Preconditions on the routes of VMs (RFC 9110, section 13), for a VM whose ETag is "2". */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { CloudVm } from '../front-door/support/cloudvm.ts';
import type { Answer } from '../front-door/support/in-process.ts';

let cloudVm: CloudVm;
let token: string;

beforeAll(async () => {
  cloudVm = await CloudVm.open();
  token = await cloudVm.register();
});

afterAll(async () => {
  expect(cloudVm.http.errors).toEqual([]);
  await cloudVm[Symbol.asyncDispose]();
});

function ask(method: string, path: string, headers: Record<string, string> = {}): Promise<Answer> {
  const body = method === 'PATCH' ? { body: { name: 'changed' } } : {};
  return cloudVm.http.ask(method, path, { token, headers, ...body });
}

/** @returns the path of a VM that has become running, which is its second version */
async function runningVm(): Promise<string> {
  const body = { name: 'web', provider: 'aws', region: 'eu-west-1' };
  const { json } = await cloudVm.http.ask('POST', '/api/vms', { token, body });
  const path = `/api/vms/${String(json['id'])}`;
  await vi.waitFor(async () => expect((await ask('GET', path)).headers['etag']).toBe('"2"'), 30_000);
  return path;
}

const OLD_DATE = 'Thu, 01 Jan 2015 00:00:00 GMT';

describe.each([
  [{}, 200, 200, 204],
  [{ 'If-Match': '"2"' }, 200, 200, 204],
  [{ 'If-Match': '"1", "2"' }, 200, 200, 204],
  [{ 'If-Match': '*' }, 200, 200, 204],
  [{ 'If-Match': '"1"' }, 412, 412, 412],
  [{ 'If-Match': 'W/"2"' }, 412, 412, 412],
  [{ 'If-Match': '2' }, 400, 400, 400],
  [{ 'If-None-Match': '*' }, 304, 412, 412],
  [{ 'If-None-Match': '"1", W/"2"' }, 304, 412, 412],
  [{ 'If-None-Match': '"1"' }, 200, 200, 204],
  [{ 'If-Match': '"2"', 'If-None-Match': '"2"' }, 304, 412, 412],
  [{ 'If-Match': '"1"', 'If-None-Match': '"2"' }, 412, 412, 412],
  // A VM has no date of its own.
  [{ 'If-Unmodified-Since': OLD_DATE }, 200, 200, 204],
  [{ 'If-Modified-Since': OLD_DATE }, 200, 200, 204],
] as const)('a VM with %j', (headers, get, patch, remove) => {
  test(`is read: ${get}`, async () => {
    const path = await runningVm();
    for (const method of ['GET', 'HEAD']) expect((await ask(method, path, headers)).status).toBe(get);
  });

  test(`is changed: ${patch}`, async () => {
    const path = await runningVm();
    expect((await ask('PATCH', path, headers)).status).toBe(patch);
    const after = patch === 200 ? { name: 'changed', version: 3 } : { name: 'web', version: 2 };
    expect((await ask('GET', path)).json).toMatchObject(after);
  });

  test(`is deleted: ${remove}`, async () => {
    const path = await runningVm();
    expect((await ask('DELETE', path, headers)).status).toBe(remove);
    expect((await ask('GET', path)).status).toBe(remove === 204 ? 404 : 200);
  });
});

test.each([
  ['GET', 404],
  ['PATCH', 404],
  ['DELETE', 404],
])('%s of a VM that does not exist is %i, whatever is asked of it', async (method, status) => {
  const path = `/api/vms/${'0'.repeat(24)}`;
  for (const headers of [{ 'If-Match': '*' }, { 'If-Match': '"2"' }, { 'If-None-Match': '*' }])
    expect((await ask(method, path, headers)).status).toBe(status);
});

test('a list of VMs exists and has no ETag, so If-None-Match: * and any tag of If-Match refuse a new VM', async () => {
  const body = { name: 'web', provider: 'aws', region: 'eu-west-1' };
  const create = async (headers: Record<string, string>) =>
    (await cloudVm.http.ask('POST', '/api/vms', { token, headers, body })).status;
  expect(await create({ 'If-None-Match': '*' })).toBe(412);
  expect(await create({ 'If-Match': '"2"' })).toBe(412);
  expect(await create({ 'If-Match': '*' })).toBe(201);
});

test('a change that comes between the comparison and the write is not overwritten, with If-None-Match neither', async () => {
  const path = await runningVm();
  for (const headers of [{ 'If-Match': '"2"' }, { 'If-None-Match': '"3"' }]) {
    const vm = { now: Number((await ask('GET', path)).json['version']) };
    const answers = await Promise.all([1, 2, 3].map(() => ask('PATCH', path, headers)));
    const done = answers.filter(({ status }) => status === 200);
    expect(answers.every(({ status }) => status === 200 || status === 412)).toBe(true);
    expect((await ask('GET', path)).json['version']).toBe(vm.now + done.length);
  }
});
