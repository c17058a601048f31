import { argon2Sync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { HashingSlots } from '../../../../src/cloudvm/accounts/passwords/hashing-slots.ts';
import { parseHash } from '../../../../src/cloudvm/accounts/passwords/password-hash.ts';
import {
  lineOf,
  Passwords,
  PasswordsBusyError,
} from '../../../../src/cloudvm/accounts/passwords/passwords.ts';

const client = { network: '192.0.2.1' };
const passwords = new Passwords({ slots: HashingSlots.open(), maxWaiting: 8 });

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
    const slots = new CountingSlots();
    const counted = new Passwords({ slots, maxWaiting: 8 });
    expect(await counted.verify('anything', undefined, client)).toBe(false);
    expect(slots.taken).toBe(1);
  });

  test('cannot be checked against a text that is not a hash, which the message does not repeat', async () => {
    const verdict = passwords.verify('anything', 'a-plain-text-password', client);
    await expect(verdict).rejects.toThrow(/not an argon2id PHC string/);
    await expect(verdict).rejects.not.toThrow(/a-plain-text-password/);
  });
});

describe('of many simultaneous passwords', () => {
  const outcomesOf = async (maxWaiting: number, networks: readonly string[]) => {
    const bounded = new Passwords({ slots: HashingSlots.open(), maxWaiting });
    const hashes = networks.map((network) => bounded.hash('correct horse', { network }));
    return (await Promise.allSettled(hashes)).map((outcome) =>
      outcome.status === 'fulfilled' ? 'hashed' : outcome.reason,
    );
  };
  const isBusy = (outcome: unknown) => outcome instanceof PasswordsBusyError;

  test('those that find the queue full are refused at once, and the others are hashed', async () => {
    const outcomes = await outcomesOf(2, ['a', 'b', 'c', 'd', 'e']);
    expect(outcomes.map(isBusy)).toEqual([false, false, false, true, true]);
  });

  test('those of one network get only a part of the queue, and other networks find the rest free', async () => {
    const outcomes = await outcomesOf(8, [...Array(40).fill('a'), ...Array(2).fill('b')]);
    // One is hashed, two wait.
    expect(outcomes.slice(0, 3)).toEqual(['hashed', 'hashed', 'hashed']);
    expect(outcomes.slice(3, 40).every(isBusy)).toBe(true);
    expect(outcomes.slice(40)).toEqual(['hashed', 'hashed']);
  });

  test('one that waits too long is refused', async () => {
    const slots = HashingSlots.open();
    using _taken = slots.tryAcquire();
    const impatient = new Passwords({ slots, maxWaiting: 8, maxWaitMs: 1 });
    await expect(impatient.hash('correct horse', client)).rejects.toBeInstanceOf(PasswordsBusyError);
  });

  test('one whose client has left is not hashed and gives its slot back', async () => {
    const slots = HashingSlots.open();
    const gone = { ...client, signal: AbortSignal.abort() };
    await expect(new Passwords({ slots, maxWaiting: 8 }).hash('correct horse', gone)).rejects.toThrow(
      /abort/i,
    );
    using slot = slots.tryAcquire();
    expect(slot).toBeDefined();
  });
});

test('the places for waiting passwords are divided among the workers, and every worker gets some', () => {
  expect([1, 8, 64].map(lineOf)).toEqual([64, 8, 4]);
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
