/** Users as the account controller stores and finds them, on every supported database. */
import { ObjectId } from 'mongodb';
import { expect, test } from 'vitest';
import { USERS } from '../../../../src/cloudvm/accounts/users/user-document.ts';
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
      tokenVersion: 0,
    });
    expect(created.createdAt.getTime()).toBeGreaterThanOrEqual(before);
    expect(await users().findById(created.id)).toEqual(created);
    const { passwordHash } = given;
    expect(await users().findByEmail(given.email)).toEqual({ ...created, passwordHash, passwordKeys: [] });
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

  test('a change is seen by those who read, and a taken field is named', async () => {
    const [one, other] = [newUser(), newUser()];
    const { id } = await users().create(one);
    await users().create(other);
    const changed = await users().change(id, { username: `new_${one.username}` });
    expect(changed).toMatchObject({ id, email: one.email, username: `new_${one.username}` });
    expect(await users().findById(id)).toEqual(changed);
    const taken = { email: other.email.toUpperCase(), username: other.username.toUpperCase() };
    await expect(users().change(id, taken)).rejects.toMatchObject({ fields: ['email', 'username'] });
    await expect(users().change(id, { email: taken.email })).rejects.toMatchObject({ fields: ['email'] });
    expect(await users().findById(id)).toEqual(changed);
    expect(await users().change('f'.repeat(24), { username: 'nobody' })).toBeUndefined();
  });

  test('a password is replaced only by who knows it, and each change withdraws the tokens', async () => {
    const given = newUser();
    const { id } = await users().create(given);
    expect(await users().readTokenVersion(id)).toBe(0);
    const { passwordHash: current } = given;
    const changed = await users().changePassword(id, { current, passwordHash: 'second' });
    expect(changed).toMatchObject({ id, tokenVersion: 1 });
    expect(await users().changePassword(id, { current, passwordHash: 'third' })).toBeUndefined();
    expect(await users().findWithPassword(id)).toMatchObject({ passwordHash: 'second', tokenVersion: 1 });
    expect(await users().readTokenVersion(id)).toBe(1);
  });

  test('a deleted user is found in no way, keeps nothing personal, and frees address and name', async () => {
    const given = newUser();
    const { id } = await users().create(given);
    expect(await users().markDeleted(id, 'another hash')).toBe(false);
    expect(await users().markDeleted(id, given.passwordHash)).toBe(true);
    expect(await users().markDeleted(id, given.passwordHash)).toBe(false);
    expect(await users().findById(id)).toBeUndefined();
    expect(await users().findWithPassword(id)).toBeUndefined();
    expect(await users().findByEmail(given.email)).toBeUndefined();
    expect(await users().readTokenVersion(id)).toBeUndefined();
    expect(await users().change(id, { username: 'back_again' })).toBeUndefined();
    const stored = await database.service.collection(USERS.name).findOne({ _id: new ObjectId(id) });
    const left = JSON.stringify(stored);
    for (const personal of [given.email, given.username, given.passwordHash])
      expect(left).not.toContain(personal);
    expect((await users().create(given)).id).not.toBe(id);
  });

  test('the token versions of many users at once are few operations of the database', async () => {
    const ids = Array.from({ length: 200 }, () => new ObjectId().toHexString());
    const one = users();
    const read = ids.map((id) => one.readTokenVersion(id));
    await Promise.resolve();
    expect(database.service.inFlight).toBeLessThanOrEqual(2);
    expect(new Set(await Promise.all(read))).toEqual(new Set([undefined]));
  });
});
