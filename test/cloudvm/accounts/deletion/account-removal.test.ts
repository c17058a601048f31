/** What a deleted account leaves behind goes, here and at the provider, whoever dies in between. */
import { ObjectId } from 'mongodb';
import { expect, test, vi } from 'vitest';
import { AccountRemoval } from '../../../../src/cloudvm/accounts/deletion/account-removal.ts';
import { UserRemovals } from '../../../../src/cloudvm/accounts/users/user-removals.ts';
import { UserRepository } from '../../../../src/cloudvm/accounts/users/user-repository.ts';
import { KeyRepository } from '../../../../src/cloudvm/idempotency/key-repository.ts';
import { describeOnEveryDatabase } from '../../../support/databases.ts';
import { Worker } from '../../operations/support.ts';

describeOnEveryDatabase('the removal of a deleted account', (database) => {
  const SETTLED = { settleMs: 0, lookIntervalMs: 20 };

  /** Each test has a database of its own, because a removal takes whatever is due. */
  const open = () => Worker.open(database.uri, `removal_${new ObjectId().toHexString()}`);
  const removalOf = (
    worker: Worker,
    options: { settleMs?: number; lookIntervalMs?: number; leaseMs?: number } = SETTLED,
  ) =>
    new AccountRemoval({
      removals: new UserRemovals(worker.database),
      vms: worker.vms,
      operations: worker.operations.repository,
      keys: new KeyRepository(worker.database),
      onError: (error) => worker.errors.push(error),
      ...options,
    });

  async function user(worker: Worker) {
    const users = new UserRepository(worker.database);
    const { id } = await users.create({ email: 'ada@example.com', username: 'ada', passwordHash: 'hash' });
    return { id, markDeleted: () => users.markDeleted(id, 'hash') };
  }

  /** Every call of the provider succeeds at once from now on. */
  async function succeedAll(worker: Worker, calls: number) {
    for (let index = 0; index < calls; index += 1) (await worker.provider.call(index)).succeed();
  }

  async function createRunning(worker: Worker, owner: string, count: number) {
    const created = [];
    for (let index = 0; index < count; index += 1) created.push(await worker.create(owner));
    await succeedAll(worker, count);
    await vi.waitFor(async () => {
      const { total } = await worker.vms.repository.list(owner, { limit: 1, status: ['running'] });
      expect(total).toBe(count);
    }, 10_000);
    return created;
  }

  const left = async (worker: Worker, owner: string) => {
    const ownerId = new ObjectId(owner);
    const count = (name: string, filter: object) => worker.database.collection(name).countDocuments(filter);
    return {
      users: await count('users', { _id: ownerId }),
      vms: await count('vms', { ownerId }),
      snapshots: await count('snapshots', { ownerId }),
      operations: await count('operations', { ownerId }),
    };
  };
  const NOTHING = { users: 0, vms: 0, snapshots: 0, operations: 0 };
  const removedAt = ({ provider }: Worker) =>
    provider.calls
      .filter(({ work }) => work === 'remove')
      .map(({ vm }) => vm.id)
      .sort();

  test('removes its VMs at the provider too, then its history, then the account, and nobody else’s', async () => {
    await using worker = await open();
    const { id, markDeleted } = await user(worker);
    const other = new ObjectId().toHexString();
    await createRunning(worker, id, 60);
    await worker.create(other);
    (await worker.provider.call(60)).succeed();
    await markDeleted();
    await using removal = removalOf(worker);
    removal.look();
    await succeedAll(worker, 121);
    await vi.waitFor(async () => expect(await left(worker, id)).toEqual(NOTHING), 20_000);
    expect(removedAt(worker)).toHaveLength(60);
    expect(await left(worker, other)).toMatchObject({ vms: 1, operations: 1 });
    expect(worker.errors).toEqual([]);
  }, 60_000);

  test('waits for a VM that is pending', async () => {
    await using worker = await open();
    const { id, markDeleted } = await user(worker);
    const { vm } = await worker.create(id);
    const creation = await worker.provider.call(0);
    await markDeleted();
    await using removal = removalOf(worker);
    removal.look();
    await vi.waitFor(async () => expect((await left(worker, id)).users).toBe(1));
    creation.succeed();
    (await worker.provider.call(1)).succeed();
    await vi.waitFor(async () => expect(await left(worker, id)).toEqual(NOTHING), 20_000);
    expect(removedAt(worker)).toEqual([vm.id]);
  }, 60_000);

  test('finds a VM that a slow request creates after the first look', async () => {
    await using worker = await open();
    const { id, markDeleted } = await user(worker);
    await markDeleted();
    await using removal = removalOf(worker, { settleMs: 2_000, lookIntervalMs: 20 });
    removal.look();
    await worker.create(id);
    await succeedAll(worker, 2);
    await vi.waitFor(async () => expect(await left(worker, id)).toEqual(NOTHING), 20_000);
    expect(removedAt(worker)).toHaveLength(1);
  }, 60_000);

  test('goes on in another worker when the one that has it dies', async () => {
    await using worker = await open();
    const { id, markDeleted } = await user(worker);
    await createRunning(worker, id, 5);
    await markDeleted();
    // The worker that takes it says nothing any more.
    expect(await new UserRemovals(worker.database).take(300)).toMatchObject({ id });
    await using removal = removalOf(worker);
    removal.look();
    await succeedAll(worker, 10);
    await vi.waitFor(async () => expect(await left(worker, id)).toEqual(NOTHING), 20_000);
  }, 60_000);

  test('does no harm when two workers do it at once, and each VM is removed at the provider once', async () => {
    await using worker = await open();
    const { id, markDeleted } = await user(worker);
    await createRunning(worker, id, 20);
    await markDeleted();
    // The lease of each ends at once.
    const eager = { ...SETTLED, leaseMs: 0 };
    await using one = removalOf(worker, eager);
    await using other = removalOf(worker, eager);
    one.look();
    other.look();
    await succeedAll(worker, 40);
    await vi.waitFor(async () => expect(await left(worker, id)).toEqual(NOTHING), 20_000);
    expect(new Set(removedAt(worker)).size).toBe(20);
    expect(worker.errors).toEqual([]);
  }, 60_000);
});
