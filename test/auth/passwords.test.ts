import { argon2Sync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { HashingSlots } from '../../src/auth/hashing-slots.ts';
import { parseHash } from '../../src/auth/password-hash.ts';
import { Passwords, PasswordsBusyError } from '../../src/auth/passwords.ts';

const passwords = new Passwords({ slots: HashingSlots.open() });

describe('a password', () => {
  test('is right for its own hash and wrong for any other', async () => {
    const stored = await passwords.hash('correct horse');
    expect(await passwords.verify('correct horse', stored)).toBe(true);
    expect(await passwords.verify('correct horsf', stored)).toBe(false);
    expect(await passwords.verify('', stored)).toBe(false);
  });

  test('has another hash each time', async () => {
    expect(await passwords.hash('correct horse')).not.toBe(await passwords.hash('correct horse'));
  });

  test("is hashed with OWASP's parameters, in a form that other implementations read", async () => {
    const stored = await passwords.hash('correct horse');
    expect(stored).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    const { salt, tag } = parseHash(stored);
    const parameters = { nonce: salt, parallelism: 1, tagLength: 32, memory: 19_456, passes: 2 };
    expect(argon2Sync('argon2id', { message: 'correct horse', ...parameters }).equals(tag)).toBe(true);
  });

  test('is the same however its characters are composed', async () => {
    const stored = await passwords.hash('caf\u00e9 au lait');
    expect(await passwords.verify('cafe\u0301 au lait', stored)).toBe(true);
  });

  test('is wrong where there is no user, and a hash is computed all the same', async () => {
    const slots = new CountingSlots();
    const counted = new Passwords({ slots });
    expect(await counted.verify('anything', undefined)).toBe(false);
    expect(slots.taken).toBe(1);
  });

  test('cannot be checked against what is no hash, and the message does not repeat it', async () => {
    const verdict = passwords.verify('anything', 'a-plain-text-password');
    await expect(verdict).rejects.toThrow(/no argon2id PHC string/);
    await expect(verdict).rejects.not.toThrow(/a-plain-text-password/);
  });
});

describe('when many passwords come at once', () => {
  test('those that find no place in the line are refused at once, the others are served', async () => {
    const bounded = new Passwords({ slots: HashingSlots.open(), maxWaiting: 2 });
    const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => bounded.hash('correct horse')));
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(refused).toHaveLength(2);
    for (const { reason } of refused) expect(reason).toBeInstanceOf(PasswordsBusyError);
  });

  test('one that waits too long is refused', async () => {
    const slots = HashingSlots.open();
    using _taken = slots.tryAcquire();
    const impatient = new Passwords({ slots, maxWaitMs: 1 });
    await expect(impatient.hash('correct horse')).rejects.toBeInstanceOf(PasswordsBusyError);
  });

  test('one whose client has gone away is not hashed, and gives its slot back', async () => {
    const slots = HashingSlots.open();
    const aborted = AbortSignal.abort();
    await expect(new Passwords({ slots }).hash('correct horse', aborted)).rejects.toThrow(/abort/i);
    using slot = slots.tryAcquire();
    expect(slot).toBeDefined();
  });
});

class CountingSlots extends HashingSlots {
  taken = 0;

  constructor() {
    super(new SharedArrayBuffer(16));
  }

  override tryAcquire() {
    this.taken += 1;
    return super.tryAcquire();
  }
}
