import { randomBytes } from 'node:crypto';
import { afterEach, expect, test, vi } from 'vitest';
import { LOGIN_FAILURES } from '../../../../src/cloudvm/accounts/logins/login-counts.ts';
import {
  KNOWN_MS,
  LoginThrottle,
  LoginThrottledError,
  MAX_FAILURES_PER_ACCOUNT,
  MAX_FAILURES_PER_NETWORK,
  MAX_FAILURES_PER_PAIR,
  WINDOW_MS,
} from '../../../../src/cloudvm/accounts/logins/login-throttle.ts';
import { describeOnAtomicDatabases } from '../../../support/databases.ts';

interface Origin {
  readonly email: string;
  readonly remoteAddress: string;
}

describeOnAtomicDatabases('the login throttle', (database) => {
  const throttle = () => new LoginThrottle(database.service);
  let networks = 0;

  afterEach(() => {
    vi.useRealTimers();
  });

  const someone = () => `${randomBytes(6).toString('hex')}@example.com`;

  /** A network that no other test knows. */
  function somewhere(): string {
    networks += 1;
    return `2001:db8:0:${networks.toString(16)}::1`;
  }

  const origin = (): Origin => ({ email: someone(), remoteAddress: somewhere() });

  async function fail(from: Origin, times = 1): Promise<void> {
    for (let count = 0; count < times; count++) (await throttle().begin(from)).fail();
  }

  async function succeed(from: Origin): Promise<void> {
    await using attempt = await throttle().begin(from);
    await attempt.succeed();
  }

  const stored = () => database.service.collection(LOGIN_FAILURES.name);
  const current = () => stored().find({ expiresAt: { $gt: new Date() } });

  /** Fails once, and then raises the counts that began with it, as many more failures would have. */
  async function failUntil(failures: number, from: Origin): Promise<void> {
    const others = await current().toArray();
    await fail(from);
    const filter = { _id: { $nin: others.map(({ _id }) => _id) }, expiresAt: { $gt: new Date() } };
    await stored().updateMany(filter, { $set: { failures } });
  }

  async function exhaust(remoteAddress: string): Promise<void> {
    await failUntil(MAX_FAILURES_PER_NETWORK - 1, { email: someone(), remoteAddress });
    await fail({ email: someone(), remoteAddress });
  }

  const refusal = (from: Origin) => expect(fail(from)).rejects;
  const countsNow = () => stored().countDocuments();

  test('refuses a network that has failed too often for one account', async () => {
    const ada = origin();
    await fail(ada, MAX_FAILURES_PER_PAIR);
    await refusal(ada).toBeInstanceOf(LoginThrottledError);
    await refusal({ ...ada, email: ada.email.toUpperCase() }).toThrow(/too many/);
    await fail({ ...ada, email: someone() });
    await fail({ ...ada, remoteAddress: somewhere() });
  });

  test('counts the addresses of one IPv6 network as one', async () => {
    const ada = origin();
    await fail(ada, MAX_FAILURES_PER_PAIR);
    const neighbour = ada.remoteAddress.replace('::1', ':abcd:1:2:3');
    await refusal({ ...ada, remoteAddress: neighbour }).toBeInstanceOf(LoginThrottledError);
  });

  test('bounds one network over all accounts, and keeps no count for refused attempts', async () => {
    const remoteAddress = somewhere();
    await exhaust(remoteAddress);
    const before = await countsNow();
    await refusal({ email: someone(), remoteAddress }).toBeInstanceOf(LoginThrottledError);
    expect(await countsNow()).toBe(before);
  });

  test('bounds one account over all networks, except those that know it', async () => {
    const email = someone();
    const home = { email, remoteAddress: somewhere() };
    await succeed(home);
    await failUntil(MAX_FAILURES_PER_ACCOUNT - 1, { email, remoteAddress: somewhere() });
    await fail({ email, remoteAddress: somewhere() });
    await refusal({ email, remoteAddress: somewhere() }).toBeInstanceOf(LoginThrottledError);
    await succeed(home);
  });

  test('applies only the first limit to an account and a network that know each other', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const home = origin();
    await succeed(home);
    await exhaust(home.remoteAddress);
    await fail(home, MAX_FAILURES_PER_PAIR);
    await refusal(home).toBeInstanceOf(LoginThrottledError);
    vi.setSystemTime(Date.now() + KNOWN_MS + 1);
    await exhaust(home.remoteAddress);
    await refusal(home).toBeInstanceOf(LoginThrottledError);
  });

  test('counts an attempt before its password is checked', async () => {
    const ada = origin();
    const underWay = [];
    for (let count = 0; count < MAX_FAILURES_PER_PAIR; count++) underWay.push(await throttle().begin(ada));
    await refusal(ada).toBeInstanceOf(LoginThrottledError);
    for (const attempt of underWay) await attempt[Symbol.asyncDispose]();
    await fail(ada);
  });

  test('lets no more simultaneous attempts through than consecutive ones', async () => {
    const ada = origin();
    const attempts = Array.from({ length: 4 * MAX_FAILURES_PER_PAIR }, () => throttle().begin(ada));
    const outcomes = await Promise.allSettled(attempts);
    const passed = outcomes.filter(({ status }) => status === 'fulfilled');
    expect(passed).toHaveLength(MAX_FAILURES_PER_PAIR);
  });

  test('gives back an attempt that has not failed, and keeps no count for it', async () => {
    const before = await countsNow();
    const ada = origin();
    for (let count = 0; count < 2 * MAX_FAILURES_PER_PAIR; count++) {
      await using _attempt = await throttle().begin(ada);
    }
    expect(await countsNow()).toBe(before);
  });

  test('forgets the failures of an account and a network after a success', async () => {
    const ada = origin();
    await fail(ada, MAX_FAILURES_PER_PAIR - 1);
    await succeed(ada);
    await fail(ada, MAX_FAILURES_PER_PAIR);
  });

  test('says when to try again, and begins a new count then', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const ada = origin();
    await fail(ada, MAX_FAILURES_PER_PAIR);
    await refusal(ada).toMatchObject({ retryAfterSeconds: WINDOW_MS / 1000 });
    vi.setSystemTime(Date.now() + WINDOW_MS + 1);
    await fail(ada, MAX_FAILURES_PER_PAIR);
    await refusal(ada).toBeInstanceOf(LoginThrottledError);
  });

  test('removes expired counts when it is prepared again, and stores no address in clear', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const ada = origin();
    await fail(ada);
    const text = JSON.stringify(await stored().find().toArray());
    expect(text).not.toContain('example.com');
    expect(text).not.toContain('2001');
    vi.setSystemTime(Date.now() + 2 * KNOWN_MS);
    await throttle().prepare();
    expect(await countsNow()).toBe(0);
  });
});
