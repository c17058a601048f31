import { randomBytes } from 'node:crypto';
import type { Collection } from 'mongodb';
import { expect, test } from 'vitest';
import {
  type CountDocument,
  LOGIN_FAILURES,
  LoginCounts,
} from '../../../../src/cloudvm/accounts/logins/login-counts.ts';
import { describeOnEveryDatabase } from '../../../support/databases.ts';

const WINDOW_MS = 60_000;
const LIMIT = 3;

describeOnEveryDatabase('the counts of failed logins', (database) => {
  const counts = () => new LoginCounts(database.service);
  const stored = (): Collection<CountDocument> => database.service.collection(LOGIN_FAILURES.name);
  const newKey = () => randomBytes(8).toString('hex');
  const add = (key: string) => counts().add(key, LIMIT, WINDOW_MS);
  const failuresOf = async (key: string) => (await counts().read([key])).get(key)?.failures;

  /** A count as it stands after some failures. */
  async function seed(failures: number, expiresInMs = WINDOW_MS): Promise<CountDocument> {
    const document = { _id: newKey(), failures, expiresAt: new Date(Date.now() + expiresInMs) };
    await stored().insertOne(document);
    return document;
  }

  test('begin a window with the first failure', async () => {
    const key = newKey();
    const before = Date.now();
    expect(await add(key)).toBeUndefined();
    const document = (await counts().read([key])).get(key);
    expect(document?.failures).toBe(1);
    expect(document?.expiresAt.getTime()).toBeGreaterThanOrEqual(before + WINDOW_MS);
  });

  test('grow by one up to the limit, and then refuse with the end of the window', async () => {
    const { _id: key, expiresAt } = await seed(LIMIT - 1);
    expect(await add(key)).toBeUndefined();
    expect(await failuresOf(key)).toBe(LIMIT);
    expect(await add(key)).toEqual(expiresAt);
    expect(await failuresOf(key)).toBe(LIMIT);
  });

  test('begin a new window once the old one has passed, whatever its count', async () => {
    const { _id: key } = await seed(LIMIT, -1);
    expect(await failuresOf(key)).toBeUndefined();
    expect(await add(key)).toBeUndefined();
    expect(await failuresOf(key)).toBe(1);
  });

  test('let no more simultaneous attempts through than the limit', async ({ skip }) => {
    skip(
      !database.atomic,
      'It reads a document and writes it later, so one of two writes at once may be lost',
    );
    const key = newKey();
    const ends = await Promise.all(Array.from({ length: 4 * LIMIT }, () => add(key)));
    expect(ends.filter((end) => end === undefined)).toHaveLength(LIMIT);
    expect(await failuresOf(key)).toBe(LIMIT);
  });

  test('are forgotten one by one', async () => {
    const [forgotten, other] = [await seed(2), await seed(2)];
    await counts().forget(forgotten._id);
    expect([...(await counts().read([forgotten._id, other._id])).keys()]).toEqual([other._id]);
  });

  test('hold marks without failures, and extend them', async () => {
    const key = newKey();
    for (const windowMs of [WINDOW_MS, 2 * WINDOW_MS]) {
      const expiresAt = new Date(Date.now() + windowMs);
      await counts().mark(key, expiresAt);
      expect(await stored().find({ _id: key }).toArray()).toEqual([{ _id: key, failures: 0, expiresAt }]);
    }
  });

  test('are removed when they have expired, and not before', async () => {
    const [old, current] = [await seed(1, -1), await seed(1)];
    await counts().removeExpired();
    expect(await stored().countDocuments({ _id: old._id })).toBe(0);
    expect(await stored().countDocuments({ _id: current._id })).toBe(1);
  });
});
