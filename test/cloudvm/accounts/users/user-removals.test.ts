/** Workers share the deleted accounts. FerretDB's writes are not atomic, so there two may take one. */
import { expect, test } from 'vitest';
import { UserRemovals } from '../../../../src/cloudvm/accounts/users/user-removals.ts';
import { UserRepository } from '../../../../src/cloudvm/accounts/users/user-repository.ts';
import { describeOnAtomicDatabases } from '../../../support/databases.ts';

describeOnAtomicDatabases('removals', (database) => {
  test('a deleted user is taken by one worker at a time, and then goes', async () => {
    const removals = new UserRemovals(database.service);
    const users = new UserRepository(database.service);
    const { id } = await users.create({ email: 'ada@example.com', username: 'ada', passwordHash: 'hash' });
    await users.markDeleted(id, 'hash');
    const takeAll = async (leaseMs: number) => {
      const taken = await Promise.all(Array.from({ length: 5 }, () => removals.take(leaseMs)));
      return taken.filter((user) => user?.id === id);
    };
    const [taken, ...others] = await takeAll(60_000);
    expect(others).toEqual([]);
    expect(taken).toEqual({ id, deletedAt: expect.any(Date) });
    if (taken === undefined) return;
    await removals.postpone(taken, new Date());
    expect(await takeAll(60_000)).toHaveLength(1);
    await removals.finish(taken);
    expect(await users.readTokenVersion(id)).toBeUndefined();
    await removals.postpone(taken, new Date());
    expect(await takeAll(60_000)).toEqual([]);
  });
});
