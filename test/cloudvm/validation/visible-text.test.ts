/** Names and tags that cannot be seen, look like others, or turn the text around them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CloudVm } from '../front-door/support/cloudvm.ts';

let cloudVm: CloudVm;
let token: string;
let path: string;

beforeAll(async () => {
  cloudVm = await CloudVm.open();
  token = await cloudVm.register();
  const created = await ask('POST', '/api/vms', WEB);
  path = `/api/vms/${String(created.json['id'])}`;
});
afterAll(() => cloudVm[Symbol.asyncDispose]());

const WEB = { name: 'web', provider: 'local', region: 'here' };
const ask = (method: string, target: string, body?: unknown) =>
  cloudVm.http.ask(method, target, { token, ...(body !== undefined && { body }) });

const TRICKS: readonly (readonly [string, string])[] = [
  ['a line break', 'web\n1'],
  ['a null character', 'web\u00001'],
  ['an escape sequence', 'web\u001b[31m'],
  ['a control character of the second range', 'web\u0085'],
  ['a zero-width space', 'web\u200b1'],
  ['a zero-width joiner', 'web\u200d1'],
  ['a byte order mark', '\ufeffweb'],
  ['a word joiner', 'web\u2060'],
  ['an override of the direction', 'web\u202efdp.exe'],
  ['an isolate of the direction', '\u2066web\u2069'],
  ['an Arabic letter mark', 'web\u061c'],
  ['a soft hyphen', 'we\u00adb'],
  ['a line separator', 'web\u2028'],
  ['a Hangul filler', '\u3164'],
  ['a variation selector', 'web\ufe0f'],
  ['a tag character', 'web\u{e0041}'],
];
const BLANK: readonly (readonly [string, string])[] = [
  ['a space', ' '],
  ['spaces of several widths', ' \u00a0\u2003\u3000'],
  ['an empty letter of Braille', '\u2800'],
];
const VISIBLE = [
  'web-1',
  'Köln 🚀',
  'سرور',
  '東京　一',
  'e\u0301',
  ' web ',
  "'; drop table vms; --",
  '<b>',
  '%00',
];

describe.each([...TRICKS, ...BLANK])('%s', (_, text) => {
  test('is refused in the name of a VM and of a snapshot, and in the key of a tag', async () => {
    const answers = [
      [await ask('POST', '/api/vms', { ...WEB, name: text }), '/name'],
      [await ask('PATCH', path, { name: text }), '/name'],
      [await ask('POST', `${path}/snapshots`, { name: text }), '/name'],
      [await ask('PATCH', path, { tags: [{ key: text, value: '' }] }), '/tags/0/key'],
    ] as const;
    for (const [answer, where] of answers) {
      expect(answer).toMatchObject({
        status: 422,
        json: { errors: [{ path: where, message: 'must not be blank or have invisible characters' }] },
      });
    }
  });
});

test.each(BLANK)('%s is refused in the key of a tag in a path', async (_, text) => {
  const answer = await ask('PUT', `${path}/tags/${encodeURIComponent(text)}`, { value: '' });
  expect(answer.status).toBe(422);
});

test.each(TRICKS)('%s is refused in the value of a tag', async (_, value) => {
  const put = await ask('PUT', `${path}/tags/key`, { value });
  expect(put).toMatchObject({
    status: 422,
    json: { errors: [{ path: '/value', message: 'must not have invisible characters' }] },
  });
});

test.each(VISIBLE)('"%s" is a name and a tag', async (text) => {
  const tags = [{ key: text, value: text }];
  expect(await ask('PATCH', path, { name: text, tags })).toMatchObject({
    status: 200,
    json: { name: text, tags },
  });
});

test('the value of a tag may be empty or blank', async () => {
  for (const value of ['', ' ']) {
    expect((await ask('PUT', `${path}/tags/key`, { value })).status).toBe(200);
  }
});

test('a text of a megabyte is refused as quickly as a short one', async () => {
  for (const text of [' '.repeat(900_000), 'a'.repeat(900_000), `${'a '.repeat(400_000)}\u0000`]) {
    const before = process.cpuUsage().user;
    expect((await ask('PATCH', path, { name: text })).status).toBe(422);
    expect(process.cpuUsage().user - before).toBeLessThan(1_000_000);
  }
});

describe('the keys of tags', () => {
  const tags = [
    { key: 'team', value: 'blue' },
    { key: 'Team', value: 'red' },
    { key: 'team', value: 'green' },
    { key: 'team', value: 'blue' },
  ];
  const repeated = [2, 3].map((index) => ({
    path: `/tags/${index}/key`,
    message: 'is the key of a tag before it',
  }));

  test('are unique within a VM', async () => {
    for (const answer of [
      await ask('POST', '/api/vms', { ...WEB, tags }),
      await ask('PATCH', path, { tags }),
    ]) {
      expect(answer).toMatchObject({ status: 422, json: { errors: repeated } });
    }
    expect((await ask('PATCH', path, { tags: tags.slice(0, 2) })).status).toBe(200);
  });
});

describe('a PATCH that changes nothing', () => {
  test('keeps the version, the time and the ETag', async () => {
    const changes = { name: 'same', size: 'large', tags: [{ key: 'a', value: 'b' }] };
    const first = await ask('PATCH', path, changes);
    for (const same of [changes, { name: 'same' }, { tags: changes.tags }]) {
      const again = await ask('PATCH', path, same);
      expect(again).toMatchObject({ status: 200, json: first.json });
      expect(again.headers['etag']).toBe(first.headers['etag']);
    }
    const version = Number(first.json['version']);
    expect((await ask('PATCH', path, { ...changes, size: 'small' })).json['version']).toBe(version + 1);
    expect((await ask('PATCH', path, { tags: [] })).json['version']).toBe(version + 2);
    expect((await ask('PATCH', path, { tags: [] })).json['version']).toBe(version + 2);
  });

  test('still has the preconditions of the client', async () => {
    const { json, headers } = await ask('PATCH', path, { name: 'conditional' });
    const patch = (etag: string) =>
      cloudVm.http.ask('PATCH', path, {
        token,
        headers: { 'If-Match': etag },
        body: { name: 'conditional' },
      });
    expect(await patch(String(headers['etag']))).toMatchObject({ status: 200, json });
    expect((await patch('"1"')).status).toBe(412);
  });
});
