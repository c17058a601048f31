/** Users as the account controller stores and finds them, on every supported database. */
import { expect, test } from 'vitest';
import {
  AlreadyTakenError,
  type NewUser,
  UserRepository,
} from '../../../../src/cloudvm/accounts/users/user-repository.ts';
import { describeOnEveryDatabase } from '../../../support/databases.ts';

describeOnEveryDatabase('users', (database) => {
  let count = 0;
  const users = () => new UserRepository(database.service);
  const newUser = (changes: Partial<NewUser> = {}): NewUser => {
    count += 1;
    return {
      email: `Person${count}@Example.org`,
      username: `Person_${count}`,
      passwordHash: `$argon2id$${count}`,
      ...changes,
    };
  };
  const refusal = async (user: NewUser) => {
    const error = await users()
      .create(user)
      .then(
        () => undefined,
        (reason: unknown) => reason,
      );
    expect(error).toBeInstanceOf(AlreadyTakenError);
    return error instanceof AlreadyTakenError ? error.fields : [];
  };

  test('a new user is found again by id and by e-mail, spelled as it was given', async () => {
    const given = newUser();
    const before = Date.now();
    const created = await users().create(given);

    expect(created).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{24}$/),
      email: given.email,
      username: given.username,
      createdAt: expect.any(Date),
    });
    expect(created.createdAt.getTime()).toBeGreaterThanOrEqual(before);
    expect(await users().findById(created.id)).toEqual(created);
    expect(await users().findByEmail(given.email)).toEqual({ ...created, passwordHash: given.passwordHash });
  });

  test('an e-mail is found in any case', async () => {
    const created = await users().create(newUser({ email: 'Zoë.Case@Example.org' }));
    expect((await users().findByEmail('zoë.case@example.ORG'))?.id).toBe(created.id);
    expect((await users().findByEmail('zoe\u0308.case@example.org'))?.id, 'decomposed').toBe(created.id);
  });

  test('an unknown or malformed id or e-mail finds nobody', async () => {
    expect(await users().findById('0123456789abcdef01234567')).toBeUndefined();
    for (const id of ['', 'x', '0123456789ab', '0123456789abcdef0123456g', '../../etc/passwd']) {
      expect(await users().findById(id), id).toBeUndefined();
    }
    expect(await users().findByEmail('nobody@example.org')).toBeUndefined();
  });

  test('a value that looks like a MongoDB operator is treated as a value', async () => {
    expect(await users().findByEmail('{"$ne":null}')).toBeUndefined();
    const created = await users().create(newUser({ username: '$where' }));
    expect((await users().findById(created.id))?.username).toBe('$where');
  });

  test('a taken e-mail is refused in any case and named in the error', async () => {
    const first = await users().create(newUser());
    expect(await refusal(newUser({ email: first.email.toUpperCase() }))).toEqual(['email']);
  });

  test('a taken username is refused in any case and named in the error', async () => {
    const first = await users().create(newUser());
    expect(await refusal(newUser({ username: first.username.toLowerCase() }))).toEqual(['username']);
  });

  test('the error names e-mail and username if both are taken, by one user or by two', async () => {
    const first = await users().create(newUser());
    const second = await users().create(newUser());
    expect(await refusal(newUser({ email: first.email, username: first.username }))).toEqual([
      'email',
      'username',
    ]);
    expect(await refusal(newUser({ email: first.email, username: second.username }))).toEqual([
      'email',
      'username',
    ]);
  });

  test('a refused user leaves nothing behind', async () => {
    const first = await users().create(newUser());
    const refused = newUser({ username: first.username });
    await refusal(refused);
    expect(await users().findByEmail(refused.email)).toBeUndefined();
  });

  test('exactly one of many simultaneous registrations of one e-mail succeeds', async () => {
    const email = newUser().email;
    const attempts = Array.from({ length: 12 }, () => users().create(newUser({ email })));
    const outcomes = await Promise.allSettled(attempts);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected')
        expect(outcome.reason).toMatchObject({ code: 'ALREADY_TAKEN', fields: ['email'] });
    }
  });
});
