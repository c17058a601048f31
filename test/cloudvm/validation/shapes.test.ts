import { describe, expect, test } from 'vitest';
import { login, registration } from '../../../src/cloudvm/accounts/account-schema.ts';
import { newVm, vmChanges } from '../../../src/cloudvm/vms/vm-schema.ts';

/** @returns the paths that are wrong */
function wrong(validator: { validate(value: unknown): unknown }, value: unknown): unknown[] {
  try {
    validator.validate(value);
    return [];
  } catch (error) {
    const { errors } = error as { errors: readonly { readonly path: string }[] };
    return errors.map(({ path }) => path);
  }
}

const user = { email: 'ada@example.com', username: 'ada_L-1', password: '12345678' };

/** A title that fits on a line, whatever the value. */
function short(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length <= 60 ? text : `${text.slice(0, 50)}… (${text.length} characters)`;
}

describe('a registration', () => {
  test.each(
    [
      [{}],
      [{ email: 'a@b' }],
      [{ email: 'first.last+tag@sub.example.co.uk' }],
      [{ email: `${'a'.repeat(64)}@${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(59)}.example` }],
      [{ username: 'abc' }],
      [{ username: 'A'.repeat(32) }],
      [{ password: 'x'.repeat(128) }],
      [{ password: '🔑'.repeat(128) }],
      [{ password: '        ' }],
    ].map(([changes]) => [short(changes), changes]),
  )('may be %s', (_, changes) => {
    expect(wrong(registration, { ...user, ...(changes as object) })).toEqual([]);
  });

  test.each(
    [
      ['/email', ''],
      ['/email', 'ada'],
      ['/email', 'ada@'],
      ['/email', '@example.com'],
      ['/email', 'ada@example.com '],
      ['/email', 'a da@example.com'],
      ['/email', 'ada@exa\r\nmple.com'],
      ['/email', `${'a'.repeat(251)}@b.c`],
      ['/email', 7],
      ['/email', { $gt: '' }],
      ['/username', 'ab'],
      ['/username', 'A'.repeat(33)],
      ['/username', 'ada lovelace'],
      ['/username', 'ädä'],
      ['/username', 'ada\n'],
      ['/username', ['ada']],
      ['/password', '1234567'],
      ['/password', 'x'.repeat(129)],
      ['/password', null],
    ].map(([path, value]) => [String(path), short(value), value]),
  )('is refused for its %s: %s', (path, _, value) => {
    expect(wrong(registration, { ...user, [path.slice(1)]: value })).toContain(path);
  });
});

test('a login takes any text that could be an address and a password', () => {
  expect(wrong(login, { email: 'x', password: '' })).toEqual([]);
  expect(wrong(login, { email: 'x'.repeat(255), password: 'x'.repeat(129) })).toEqual([
    '/email',
    '/password',
  ]);
  expect(wrong(login, { email: 'x', password: 'y', remember: true })).toEqual(['/remember']);
});

const vm = { name: 'web', provider: 'aws', region: 'eu-west-1' };

describe('a new VM', () => {
  test.each(
    [
      [{}],
      [{ name: 'x'.repeat(64) }],
      [{ name: 'Ein Name mit Ümlaut 🚀' }],
      [{ provider: 'local', size: 'large', instanceId: 'i-0.a_B' }],
      [{ tags: [] }],
      [
        {
          tags: Array.from({ length: 20 }, (_, index) => ({
            key: String(index).padStart(64, 'k'),
            value: 'v'.repeat(256),
          })),
        },
      ],
      [{ tags: [{ key: 'k', value: '' }] }],
    ].map(([changes]) => [short(changes), changes]),
  )('may be %s', (_, changes) => {
    expect(wrong(newVm, { ...vm, ...(changes as object) })).toEqual([]);
  });

  test.each(
    [
      ['/name', { name: '' }],
      ['/name', { name: 'x'.repeat(65) }],
      ['/provider', { provider: 'AWS' }],
      ['/region', { region: 'eu west' }],
      ['/region', { region: '' }],
      ['/instanceId', { instanceId: 'a/b' }],
      ['/size', { size: 'huge' }],
      ['/size', { size: null }],
      ['/tags', { tags: Array.from({ length: 21 }, () => ({ key: 'k', value: 'v' })) }],
      ['/tags', { tags: { key: 'k', value: 'v' } }],
      ['/tags/0/key', { tags: [{ key: '', value: 'v' }] }],
      ['/tags/0/key', { tags: [{ key: 'k'.repeat(65), value: 'v' }] }],
      ['/tags/0/value', { tags: [{ key: 'k', value: 'v'.repeat(257) }] }],
      ['/tags/0/value', { tags: [{ key: 'k' }] }],
      ['/status', { status: 'running' }],
      ['/ownerId', { ownerId: '0'.repeat(24) }],
    ].map(([path, changes]) => [String(path), short(changes), changes]),
  )('is refused for its %s: %s', (path, _, changes) => {
    expect(wrong(newVm, { ...vm, ...(changes as object) })).toContain(path);
  });
});

test('a change has at least one of name, size and tags, and nothing else', () => {
  expect(wrong(vmChanges, { name: 'n', size: 'small', tags: [] })).toEqual([]);
  expect(wrong(vmChanges, {})).toEqual(['']);
  expect(wrong(vmChanges, { provider: 'aws' })).toContain('/provider');
  expect(wrong(vmChanges, { version: 7, name: 'n' })).toEqual(['/version']);
});
