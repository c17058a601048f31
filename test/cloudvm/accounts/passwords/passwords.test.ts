import { argon2Sync } from 'node:crypto';
import { describe, expect, test, vi } from 'vitest';
import { HashingLine } from '../../../../src/cloudvm/accounts/passwords/line/hashing-line.ts';
import {
  makeHashingBuffer,
  viewHashingMemory,
} from '../../../../src/cloudvm/accounts/passwords/line/hashing-memory.ts';
import { parseHash } from '../../../../src/cloudvm/accounts/passwords/password-hash.ts';
import { Passwords } from '../../../../src/cloudvm/accounts/passwords/passwords.ts';

const client = { flow: '192.0.2.1' };
const newLine = () =>
  new HashingLine({ capacity: 8, maxWaitMs: 60_000, memory: viewHashingMemory(makeHashingBuffer(1)) });
const passwords = new Passwords(newLine());

describe('a password', () => {
  test('is right for its own hash and wrong for any other', async () => {
    const stored = await passwords.hash('correct horse', client);
    expect(await passwords.verify('correct horse', stored, client)).toBe(true);
    expect(await passwords.verify('correct horsf', stored, client)).toBe(false);
    expect(await passwords.verify('', stored, client)).toBe(false);
  });

  test('has a different hash each time', async () => {
    expect(await passwords.hash('correct horse', client)).not.toBe(
      await passwords.hash('correct horse', client),
    );
  });

  test("is hashed with OWASP's parameters, in a form that other implementations read", async () => {
    const stored = await passwords.hash('correct horse', client);
    expect(stored).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    const { salt, tag } = parseHash(stored);
    const parameters = { nonce: salt, parallelism: 1, tagLength: 32, memory: 19_456, passes: 2 };
    expect(argon2Sync('argon2id', { message: 'correct horse', ...parameters }).equals(tag)).toBe(true);
  });

  test('is right however Unicode spells its characters', async () => {
    const stored = await passwords.hash('caf\u00e9 au lait', client);
    expect(await passwords.verify('cafe\u0301 au lait', stored, client)).toBe(true);
  });

  test('is wrong if there is no user, but takes a hash all the same', async () => {
    const line = newLine();
    using acquire = vi.spyOn(line, 'acquire');
    expect(await new Passwords(line).verify('anything', undefined, client)).toBe(false);
    expect(acquire).toHaveBeenCalledTimes(1);
  });

  test('cannot be checked against a text that is not a hash, which the message does not repeat', async () => {
    const verdict = passwords.verify('anything', 'a-plain-text-password', client);
    await expect(verdict).rejects.toThrow(/not an argon2id PHC string/);
    await expect(verdict).rejects.not.toThrow(/a-plain-text-password/);
  });

  test('whose client has left is not hashed, and its slot is free', async () => {
    const line = newLine();
    const gone = { ...client, signal: AbortSignal.abort() };
    await expect(new Passwords(line).hash('correct horse', gone)).rejects.toThrow(/abort/i);
    using slot = (await line.acquire(client)).slot;
    expect(slot).toBeDefined();
  });

  test('that has waited is refused if its client may not try any more', async () => {
    const line = newLine();
    const { slot } = await line.acquire(client);
    const refused = new Passwords(line).hash('correct horse', {
      ...client,
      onTurn: () => Promise.reject(new Error('too many failures')),
    });
    slot[Symbol.dispose]();
    await expect(refused).rejects.toThrow('too many failures');
    using next = (await line.acquire(client)).slot;
    expect(next).toBeDefined();
  });
});
