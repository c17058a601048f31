import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { prepareSecret, SecretError } from '../../../../src/cloudvm/accounts/tokens/secret.ts';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'cloudvm-test-'));
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

const settings = (changes: object = {}) => ({
  jwtSecrets: [],
  dataDirectory: join(root, 'data'),
  production: false,
  ...changes,
});

describe('with JWT_SECRET', () => {
  test('its secrets are used and no file is made', async () => {
    const jwtSecrets = ['1'.repeat(32), '2'.repeat(32)];
    const prepared = await prepareSecret(settings({ jwtSecrets, production: true }));
    expect(prepared).toEqual({ secrets: jwtSecrets, path: undefined, created: false });
    expect(await readdir(root)).toEqual([]);
  });

  test('a secret that is too short ends the start, and the message does not repeat it', async () => {
    const verdict = prepareSecret(settings({ jwtSecrets: ['1'.repeat(32), 'hunter2'] }));
    await expect(verdict).rejects.toThrow(/32 bytes at least; secret 2 has 7/);
    await expect(verdict).rejects.not.toThrow(/hunter2/);
  });
});

describe('without JWT_SECRET', () => {
  test('production does not start', async () => {
    await expect(prepareSecret(settings({ production: true }))).rejects.toThrow(/JWT_SECRET must be set/);
  });

  test('a secret is made once, in a file that only its owner can read', async () => {
    const first = await prepareSecret(settings());
    expect(first.created).toBe(true);
    expect(Buffer.byteLength(first.secrets[0] ?? '')).toBeGreaterThanOrEqual(32);
    const path = join(root, 'data', 'jwt-secret');
    expect(first.path).toBe(path);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await prepareSecret(settings())).toEqual({ ...first, created: false });
  });

  test('one of many simultaneous starts makes the secret, all use it, and no draft is left', async () => {
    const prepared = await Promise.all(Array.from({ length: 20 }, () => prepareSecret(settings())));
    expect(prepared.filter(({ created }) => created)).toHaveLength(1);
    expect(new Set(prepared.flatMap(({ secrets }) => secrets)).size).toBe(1);
    expect(await readdir(join(root, 'data'))).toEqual(['jwt-secret']);
  });

  test('a file that others can read loses that permission', async () => {
    const { path = '' } = await prepareSecret(settings());
    await chmod(path, 0o644);
    await prepareSecret(settings());
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  test('a file that holds no secret is refused and left alone', async () => {
    const { path = '' } = await prepareSecret(settings());
    await writeFile(path, 'short\n');
    await expect(prepareSecret(settings())).rejects.toThrow(/holds no secret/);
    expect(await readFile(path, 'utf8')).toBe('short\n');
  });

  test('a data directory that cannot be written is refused', async () => {
    await writeFile(join(root, 'data'), 'a file');
    await expect(prepareSecret(settings())).rejects.toBeInstanceOf(SecretError);
  });
});
