import { randomBytes } from 'node:crypto';
import { afterEach, expect, test, vi } from 'vitest';
import { type DeviceOwner, Devices } from '../../../../src/cloudvm/accounts/logins/devices.ts';
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
  readonly device?: string;
  readonly user?: DeviceOwner;
}

const ownerOf = (id: string, tokenVersion = 0): DeviceOwner => ({ id, tokenVersion });

describeOnAtomicDatabases('the login throttle', (database) => {
  const throttle = () => new LoginThrottle(database.service, new Devices(['a secret for tests']));
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
    for (let count = 0; count < times; count++) await (await throttle().begin(from)).fail();
  }

  async function succeed(from: Origin): Promise<void> {
    await (await throttle().begin(from)).succeed();
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

  test('counts outcomes: attempts under way refuse nobody', async () => {
    const ada = origin();
    await fail(ada, MAX_FAILURES_PER_PAIR - 1);
    const underWay = await Promise.all(Array.from({ length: 40 }, () => throttle().begin(ada)));
    await Promise.all(underWay.map((attempt) => attempt.succeed()));
    await fail(ada);
  });

  test('gives no more answers to simultaneous guesses than to consecutive ones', async () => {
    const ada = origin();
    const attempts = Array.from({ length: 4 * MAX_FAILURES_PER_PAIR }, () => fail(ada));
    const outcomes = await Promise.allSettled(attempts);
    const answered = outcomes.filter(({ status }) => status === 'fulfilled');
    expect(answered).toHaveLength(MAX_FAILURES_PER_PAIR);
    await refusal(ada).toBeInstanceOf(LoginThrottledError);
  });

  test('refuses an attempt that has waited while others failed', async () => {
    const ada = origin();
    const patient = await throttle().begin(ada);
    await patient.checkAgain();
    await fail(ada, MAX_FAILURES_PER_PAIR);
    await expect(patient.checkAgain()).rejects.toBeInstanceOf(LoginThrottledError);
  });

  test('keeps nothing of an attempt that has no outcome', async () => {
    const before = await countsNow();
    for (let count = 0; count < 2 * MAX_FAILURES_PER_PAIR; count++) await throttle().begin(origin());
    expect(await countsNow()).toBe(before);
  });

  test('lets a device in that has logged in before, whatever others do in its network and elsewhere', async () => {
    const ada = origin();
    const device = throttle().issueDevice(ownerOf(ada.email));
    await fail(ada, MAX_FAILURES_PER_PAIR);
    await exhaust(ada.remoteAddress);
    await refusal(ada).toBeInstanceOf(LoginThrottledError);
    await succeed({ ...ada, device });
    await succeed({ ...ada, remoteAddress: somewhere(), device });
  });

  test('bounds the guesses of a device, and lets them count for nobody else', async () => {
    const ada = origin();
    const device = throttle().issueDevice(ownerOf(ada.email));
    await fail({ ...ada, device }, MAX_FAILURES_PER_PAIR);
    await refusal({ ...ada, device }).toBeInstanceOf(LoginThrottledError);
    await refusal({ ...ada, remoteAddress: somewhere(), device }).toBeInstanceOf(LoginThrottledError);
    await succeed(ada);
    await succeed({ ...ada, device: throttle().issueDevice(ownerOf(ada.email)) });
  });

  test('believes no cookie of another account, another server, an older password, or that was changed', async () => {
    const ada = origin();
    const device = throttle().issueDevice(ownerOf(ada.email));
    const forged = [
      throttle().issueDevice(ownerOf(someone())),
      throttle().issueDevice(ownerOf(ada.email, 1)),
      new Devices(['another secret']).issue(ownerOf(ada.email)),
      new Devices(['a secret for tests']).issue(ownerOf(ada.email), 0),
      device.replace(/\.\d+\./, '.99999999999.'),
      `A${device.slice(1)}`,
      device.slice(0, -2),
      '',
      '..',
    ];
    await fail(ada, MAX_FAILURES_PER_PAIR);
    for (const cookie of forged) {
      if (cookie === device) continue;
      await refusal({ ...ada, device: cookie }).toBeInstanceOf(LoginThrottledError);
    }
    await fail({ ...ada, device });
  });

  test('knows the network of a registration', async () => {
    const ada = origin();
    await throttle().remember('0123', ada.remoteAddress);
    await exhaust(ada.remoteAddress);
    await succeed({ ...ada, user: ownerOf('0123') });
    await refusal({ ...ada, user: ownerOf('4567') }).toBeInstanceOf(LoginThrottledError);
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
    await LoginThrottle.prepare(database.service);
    expect(await countsNow()).toBe(0);
  });
});
