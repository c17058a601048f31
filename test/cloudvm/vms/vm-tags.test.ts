/** Single tags of a VM, and filters by tags. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CloudVm } from '../front-door/support/cloudvm.ts';
import type { Answer, Question } from '../front-door/support/in-process.ts';

type Json = Record<string, unknown>;

let cloudVm: CloudVm;
let token: string;

beforeAll(async () => {
  cloudVm = await CloudVm.open({ simulatedDelayMs: 60_000 });
  token = await cloudVm.register();
});

afterAll(async () => {
  expect(cloudVm.http.errors).toEqual([]);
  await cloudVm[Symbol.asyncDispose]();
});

function ask(method: string, path: string, question: Question = {}): Promise<Answer> {
  return cloudVm.http.ask(method, path, { token, ...question });
}

async function create(tags: readonly object[], name = 'web'): Promise<string> {
  const body = { name, provider: 'local', region: 'here', tags };
  const { json } = await ask('POST', '/api/vms', { body });
  return `/api/vms/${String(json['id'])}`;
}

test('a tag is set, replaced and removed, and the others stay', async () => {
  const vm = await create([{ key: 'team', value: 'blue' }]);
  const set = await ask('PUT', `${vm}/tags/stage`, { body: { value: 'test' } });
  expect(set).toMatchObject({ status: 200, headers: { etag: '"2"' } });
  expect(set.json['tags']).toEqual([
    { key: 'team', value: 'blue' },
    { key: 'stage', value: 'test' },
  ]);
  const replaced = await ask('PUT', `${vm}/tags/team`, { body: { value: 'red' } });
  expect(replaced.json['tags']).toEqual([
    { key: 'team', value: 'red' },
    { key: 'stage', value: 'test' },
  ]);
  const removed = await ask('DELETE', `${vm}/tags/team`);
  expect(removed).toMatchObject({
    status: 200,
    json: { tags: [{ key: 'stage', value: 'test' }], version: 4 },
  });
});

test('a change that changes nothing makes no new version', async () => {
  const vm = await create([{ key: 'team', value: 'blue' }]);
  expect(await ask('PUT', `${vm}/tags/team`, { body: { value: 'blue' } })).toMatchObject({
    status: 200,
    json: { version: 1 },
  });
  expect(await ask('DELETE', `${vm}/tags/other`)).toMatchObject({ status: 200, json: { version: 1 } });
});

test('of tags that are set at the same time none is lost', async () => {
  const vm = await create([]);
  const keys = Array.from({ length: 12 }, (_, index) => `key-${index}`);
  const answers = await Promise.all(
    keys.map((key) => ask('PUT', `${vm}/tags/${key}`, { body: { value: 'v' } })),
  );
  expect(answers.map(({ status }) => status)).toEqual(keys.map(() => 200));
  const { json } = await ask('GET', vm);
  expect((json['tags'] as Json[]).map(({ key }) => key).sort()).toEqual([...keys].sort());
  expect(json['version']).toBe(13);
});

test('a key may have any characters that are percent-encoded', async () => {
  const vm = await create([]);
  const { json } = await ask('PUT', `${vm}/tags/${encodeURIComponent('a/b: ü')}`, { body: { value: '' } });
  expect(json['tags']).toEqual([{ key: 'a/b: ü', value: '' }]);
});

test('a key that is too long, a value of another type and a tag too many are 422', async () => {
  const tags = Array.from({ length: 20 }, (_, index) => ({ key: `key-${index}`, value: '' }));
  const vm = await create(tags);
  expect((await ask('PUT', `${vm}/tags/${'k'.repeat(65)}`, { body: { value: '' } })).status).toBe(422);
  expect(await ask('PUT', `${vm}/tags/key-1`, { body: { value: 1 } })).toMatchObject({
    status: 422,
    json: { errors: [{ path: '/value' }] },
  });
  expect(await ask('PUT', `${vm}/tags/other`, { body: { value: '' } })).toMatchObject({
    status: 422,
    json: { errors: [{ path: '/tags', message: 'must not have more than 20 items' }] },
  });
  expect((await ask('PUT', `${vm}/tags/key-1`, { body: { value: 'new' } })).status).toBe(200);
});

test('If-Match holds for a tag', async () => {
  const vm = await create([]);
  const headers = { 'If-Match': '"7"' };
  expect((await ask('PUT', `${vm}/tags/key`, { body: { value: '' }, headers })).status).toBe(412);
  expect((await ask('DELETE', `${vm}/tags/key`, { headers })).status).toBe(412);
});

test('a list is narrowed by several statuses, by name and by tags', async () => {
  await create([{ key: 'k:1', value: 'v' }], 'colon');
  await create([{ key: 'k', value: '1:v' }], 'value');
  await create([{ key: 'other', value: '' }], 'last');
  const names = async (query: string) => {
    const { json } = await ask('GET', `/api/vms?sort=name&${query}`);
    const found = (json['vms'] as Json[]).map(({ name }) => name);
    expect(json['total']).toBe(found.length);
    return found;
  };
  expect(await names('tag=k')).toEqual(['value']);
  expect(await names('tag=k:1')).toEqual(['colon']);
  expect(await names('tag=k:1:v'), 'either division').toEqual(['colon', 'value']);
  expect(await names('tag=other')).toEqual(['last']);
  expect(await names('tag=other:')).toEqual(['last']);
  expect(await names('tag=other&tag=k')).toEqual([]);
  expect(await names('name=last&status=pending&status=running')).toEqual(['last']);
  expect(await names('name=last&status=running')).toEqual([]);
});
