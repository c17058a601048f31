/** Which tokens a worker accepts, what it reads for that, and when others know of a withdrawal. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { MAX_AGE_MS, Sessions } from '../../../../src/cloudvm/accounts/sessions/sessions.ts';
import {
  InvalidTokenError,
  type TokenSubject,
} from '../../../../src/cloudvm/accounts/tokens/token-claims.ts';

const USER = '0123456789abcdef01234567';
const FAR = Number.MAX_SAFE_INTEGER;
const subject = (version = 0, expiresAt = FAR): TokenSubject => ({ userId: USER, expiresAt, version });

/** What all processes read. */
class Stored {
  version: number | undefined = 0;
  reads = 0;
  failure: Error | undefined;

  readonly readTokenVersion = async (): Promise<number | undefined> => {
    this.reads += 1;
    if (this.failure !== undefined) throw this.failure;
    return this.version;
  };
}

let databases = 0;
let stored: Stored;

/** Workers of one process have the same database. Those of different processes do not hear each other. */
function open(database = `database ${databases++}`): Sessions {
  return new Sessions({ readTokenVersion: stored.readTokenVersion, database });
}

async function isAccepted(sessions: Sessions, token = subject()): Promise<boolean> {
  try {
    await sessions.check(token);
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidTokenError);
    return false;
  }
}

beforeEach(() => {
  stored = new Stored();
  vi.useFakeTimers({ toFake: ['performance', 'Date', 'setInterval', 'clearInterval'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a worker', () => {
  test('asks the database once for many requests with tokens of one user', async () => {
    using sessions = open();
    expect(await isAccepted(sessions)).toBe(true);
    for (let request = 0; request < 100; request += 1) expect(sessions.check(subject())).toBeUndefined();
    expect(stored.reads).toBe(1);
  });

  test('asks again in the background while a user sends requests, and lets none of them wait', async () => {
    using sessions = open();
    await sessions.check(subject());
    for (let second = 1; second <= 60; second += 1) {
      vi.advanceTimersByTime(1_000);
      expect(sessions.check(subject())).toBeUndefined();
      await vi.advanceTimersByTimeAsync(0);
    }
    expect(stored.reads).toBe(1 + 60 / 3);
  });

  test('refuses tokens of a user who is not there', async () => {
    using sessions = open();
    stored.version = undefined;
    expect(await isAccepted(sessions)).toBe(false);
    expect(() => sessions.check(subject())).toThrow(InvalidTokenError);
    expect(stored.reads).toBe(1);
  });

  test('refuses tokens of an earlier version, and reads before it refuses one of a later version', async () => {
    using sessions = open();
    expect(await isAccepted(sessions)).toBe(true);
    stored.version = 1;
    expect(await isAccepted(sessions, subject(1))).toBe(true);
    expect(await isAccepted(sessions, subject(0))).toBe(false);
    expect(await isAccepted(sessions, subject(2))).toBe(false);
  });

  test('accepts no withdrawn token on knowledge that is older than the bound', async () => {
    using sessions = open();
    await sessions.check(subject());
    stored.version = 1;
    vi.advanceTimersByTime(MAX_AGE_MS + 1);
    expect(await isAccepted(sessions)).toBe(false);
  });

  test('neither accepts nor refuses when the database does not answer and it knows nothing recent', async () => {
    using sessions = open();
    await sessions.check(subject());
    stored.failure = new Error('the database is away');
    vi.advanceTimersByTime(MAX_AGE_MS - 1);
    expect(sessions.check(subject())).toBeUndefined();
    vi.advanceTimersByTime(2);
    await expect(sessions.check(subject())).rejects.toBe(stored.failure);
  });

  test('does not let a read that began before a withdrawal undo it', async () => {
    const { promise, resolve } = Promise.withResolvers<number>();
    using sessions = new Sessions({ readTokenVersion: () => promise, database: 'late' });
    const early = isAccepted(sessions);
    vi.advanceTimersByTime(1);
    sessions.withdraw({ userId: USER, version: 1 });
    resolve(0);
    expect(await early).toBe(false);
    expect(() => sessions.check(subject())).toThrow(InvalidTokenError);
  });

  test('remembers a bounded number of users', async () => {
    using sessions = new Sessions({
      ...stored,
      readTokenVersion: stored.readTokenVersion,
      database: 'few',
      maxKnown: 2,
    });
    const other = (userId: string) => ({ ...subject(), userId });
    for (const id of ['a', 'b', 'c']) await sessions.check(other(id));
    expect(sessions.check(other('c'))).toBeUndefined();
    expect(stored.reads).toBe(3);
    await sessions.check(other('a'));
    expect(stored.reads).toBe(4);
  });
});

test('the other workers of the process know of a withdrawal without a read', async () => {
  using here = open('shared');
  using there = open('shared');
  await here.check(subject());
  await there.check(subject());
  here.withdraw({ userId: USER, version: undefined });
  await vi.waitFor(() => expect(() => there.check(subject())).toThrow(InvalidTokenError));
  expect(stored.reads).toBe(2);
});

describe('whoever follows a session', () => {
  const follow = (sessions: Sessions, token = subject()) => {
    const onEnd = vi.fn<() => void>();
    return { onEnd, following: sessions.follow(token, onEnd) };
  };

  test('is told once when its token expires', async () => {
    using sessions = open();
    const { onEnd } = follow(sessions, subject(0, Math.floor(Date.now() / 1000) + 10));
    await vi.advanceTimersByTimeAsync(9_000);
    expect(onEnd).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(onEnd).toHaveBeenCalledOnce();
  });

  test('is told at once when this process withdraws it', async () => {
    using here = open('followed');
    using there = open('followed');
    const { onEnd } = follow(there);
    here.withdraw({ userId: USER, version: 1 });
    await vi.waitFor(() => expect(onEnd).toHaveBeenCalledOnce());
  });

  test('is told within the bound when another process withdraws it', async () => {
    using sessions = open();
    const { onEnd } = follow(sessions);
    await vi.advanceTimersByTimeAsync(2_000);
    stored.version = 1;
    await vi.advanceTimersByTimeAsync(MAX_AGE_MS + 1_000);
    expect(onEnd).toHaveBeenCalledOnce();
  });

  test('is told nothing while the database is away, or after it has left', async () => {
    using sessions = open();
    const { onEnd, following } = follow(sessions);
    stored.failure = new Error('the database is away');
    await vi.advanceTimersByTimeAsync(60_000);
    stored.failure = undefined;
    stored.version = 1;
    following[Symbol.dispose]();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(onEnd).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });
});
