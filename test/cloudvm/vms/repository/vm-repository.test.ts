/** VMs as their owner creates, reads, changes and deletes them, on every supported database. */
import { ObjectId } from 'mongodb';
import { expect, test } from 'vitest';
import type { VmAction } from '../../../../src/cloudvm/vms/lifecycle.ts';
import {
  StatusConflictError,
  VersionMismatchError,
} from '../../../../src/cloudvm/vms/repository/vm-errors.ts';
import { VmRepository } from '../../../../src/cloudvm/vms/repository/vm-repository.ts';
import type { NewVm, Vm } from '../../../../src/cloudvm/vms/vm.ts';
import { describeOnEveryDatabase } from '../../../support/databases.ts';
import { createVm } from '../../support/create-vm.ts';
import { settle } from '../../support/settle.ts';

const WEB: NewVm = {
  name: 'web-1',
  provider: 'aws',
  region: 'eu-central-1',
  size: 'small',
  tags: [{ key: 'team', value: 'blue' }],
};
const UNKNOWN_ID = '0123456789abcdef01234567';
const MALFORMED_IDS = ['', 'x', UNKNOWN_ID.slice(1), `${UNKNOWN_ID}0`, '0123456789ab', '$ne', '\u0000'];

const newOwner = () => new ObjectId().toHexString();
const succeeded = (outcomes: readonly PromiseSettledResult<unknown>[]) =>
  outcomes.filter(({ status }) => status === 'fulfilled').length;

describeOnEveryDatabase('VMs', (database) => {
  const vms = () => new VmRepository(database.service);
  const create = async (owner: string, changes: Partial<NewVm> = {}): Promise<Vm> =>
    (await createVm(vms(), owner, { ...WEB, ...changes })).vm;
  const running = async (owner: string): Promise<Vm> => {
    const { id } = await create(owner);
    await settle(database.service, id);
    const vm = await vms().findById(owner, id);
    if (vm === undefined) throw new Error('the VM that was created does not exist');
    return vm;
  };

  const stop = (owner: string, id: string) => vms().begin(owner, id, 'stop', new ObjectId());

  test('a new VM is pending, has version 1 and is found again as it was returned', async () => {
    const owner = newOwner();
    const vm = await create(owner, { instanceId: 'i-0abc' });
    expect(vm).toEqual({
      ...WEB,
      id: expect.stringMatching(/^[0-9a-f]{24}$/),
      ownerId: owner,
      instanceId: 'i-0abc',
      status: 'pending',
      createdAt: expect.any(Date),
      updatedAt: vm.createdAt,
      version: 1,
    });
    expect(await vms().findById(owner, vm.id)).toEqual(vm);
  });

  test('a VM without an instance id gets one of its own', async () => {
    const owner = newOwner();
    const [first, second] = [await create(owner), await create(owner)];
    expect(first.instanceId).toMatch(/^[A-Za-z0-9._-]{1,64}$/);
    expect(first.instanceId).not.toBe(second.instanceId);
  });

  test('a VM keeps text of every kind unchanged', async () => {
    const owner = newOwner();
    const name = 'Größe 機械 🖥️ "\\ $set {a.b}';
    const tags = [
      { key: '$where', value: '' },
      { key: 'a.b', value: '\u0000x' },
      { key: '__proto__', value: 'constructor' },
    ];
    const { id } = await create(owner, { name, tags });
    expect(await vms().findById(owner, id)).toMatchObject({ name, tags });
  });

  test("another owner's VM cannot be found, changed or deleted", async () => {
    const [owner, other] = [newOwner(), newOwner()];
    const vm = await running(owner);
    expect(await vms().findById(other, vm.id)).toBeUndefined();
    expect(await vms().update(other, vm.id, { name: 'mine' })).toBeUndefined();
    expect(
      await vms().update(other, vm.id, { name: 'mine' }, 999),
      'even with a wrong version',
    ).toBeUndefined();
    expect(await vms().begin(other, vm.id, 'stop', new ObjectId())).toBeUndefined();
    expect(await vms().delete(other, vm.id)).toBe(false);
    expect((await vms().list(other, { limit: 10 })).total).toBe(0);
    expect(await vms().findById(owner, vm.id)).toEqual(vm);
  });

  test('unknown and malformed ids find nothing', async () => {
    const owner = newOwner();
    for (const id of [UNKNOWN_ID, ...MALFORMED_IDS]) {
      expect(await vms().findById(owner, id), id).toBeUndefined();
      expect(await vms().update(owner, id, { name: 'x' }, 1), id).toBeUndefined();
      expect(await stop(owner, id), id).toBeUndefined();
      expect(await vms().delete(owner, id), id).toBe(false);
    }
  });

  test('an update changes the named fields, the version and the time, and nothing else', async () => {
    const owner = newOwner();
    const vm = await create(owner);
    const renamed = await vms().update(owner, vm.id, { name: 'web-2' });
    expect(renamed).toEqual({ ...vm, name: 'web-2', version: 2, updatedAt: expect.any(Date) });
    expect(renamed?.updatedAt.getTime()).toBeGreaterThanOrEqual(vm.updatedAt.getTime());

    const all = await vms().update(owner, vm.id, { name: 'web-3', size: 'large', tags: [] });
    expect(all).toMatchObject({ name: 'web-3', size: 'large', tags: [], version: 3 });
    expect(await vms().findById(owner, vm.id)).toEqual(all);
  });

  test('an update that expects a version succeeds at that version only', async () => {
    const owner = newOwner();
    const vm = await create(owner);
    expect(await vms().update(owner, vm.id, { size: 'medium' }, 1)).toMatchObject({
      size: 'medium',
      version: 2,
    });
    const late = vms().update(owner, vm.id, { size: 'large' }, 1);
    await expect(late).rejects.toThrow(VersionMismatchError);
    await expect(late).rejects.toMatchObject({ code: 'VERSION_MISMATCH', currentVersion: 2 });
    expect(await vms().findById(owner, vm.id)).toMatchObject({ size: 'medium', version: 2 });
  });

  test('exactly one of many simultaneous updates that expect the same version succeeds', async (context) => {
    if (!database.atomic) context.skip('it reads first and writes later');
    const owner = newOwner();
    const vm = await create(owner);
    const names = Array.from({ length: 10 }, (_, index) => `racer-${index}`);
    const outcomes = await Promise.allSettled(names.map((name) => vms().update(owner, vm.id, { name }, 1)));
    expect(succeeded(outcomes)).toBe(1);
    const winner = names[outcomes.findIndex(({ status }) => status === 'fulfilled')];
    expect(await vms().findById(owner, vm.id)).toMatchObject({ name: winner, version: 2 });
  });

  test('an update with the values that a VM has changes nothing, whatever its fields', async () => {
    const owner = newOwner();
    const { id } = await create(owner);
    const changes = { name: 'same', size: 'large', tags: [{ key: 'a', value: 'b' }] } as const;
    const changed = await vms().update(owner, id, changes);
    for (const same of [changes, { name: 'same' }, { tags: changes.tags }]) {
      expect(await vms().update(owner, id, same)).toEqual(changed);
      expect(await vms().update(owner, id, same, changed?.version)).toEqual(changed);
    }
    await expect(vms().update(owner, id, changes, 1)).rejects.toBeInstanceOf(VersionMismatchError);
    const swapped = [...changes.tags, { key: 'c', value: 'd' }];
    for (const tags of [swapped, swapped.toReversed(), []]) {
      const before = (await vms().findById(owner, id))?.version ?? 0;
      expect(await vms().update(owner, id, { tags })).toMatchObject({ tags, version: before + 1 });
      expect(await vms().update(owner, id, { tags })).toMatchObject({ tags, version: before + 1 });
    }
  });

  test('all simultaneous updates that expect no version succeed', async (context) => {
    if (!database.atomic) context.skip('it reads first and writes later');
    const owner = newOwner();
    const vm = await create(owner);
    const update = (_: unknown, index: number) => vms().update(owner, vm.id, { name: `web-${index}` });
    await Promise.all(Array.from({ length: 10 }, update));
    expect((await vms().findById(owner, vm.id))?.version).toBe(11);
  });

  test('the status of a VM changes only along the allowed transitions', async () => {
    const owner = newOwner();
    const { id } = await create(owner);
    const begin = async (action: VmAction) => (await vms().begin(owner, id, action, new ObjectId()))?.status;
    const end = async (outcome: 'succeeded' | 'failed') => {
      expect(await settle(database.service, id, outcome)).toBe(true);
      return (await vms().findById(owner, id))?.status;
    };
    const refused = async (status: string, ...actions: VmAction[]) => {
      for (const action of actions) {
        await expect(begin(action), action).rejects.toMatchObject({ code: 'STATUS_CONFLICT', status });
      }
    };

    await refused('pending', 'start', 'stop', 'restart');
    expect(await end('succeeded')).toBe('running');
    expect(await settle(database.service, id, 'failed'), 'an outcome counts once').toBe(false);
    await refused('running', 'start');
    expect(await begin('stop')).toBe('stopping');
    await refused('stopping', 'start', 'stop', 'restart');
    expect(await end('succeeded')).toBe('stopped');
    await refused('stopped', 'stop', 'restart');
    expect(await begin('start')).toBe('pending');
    expect(await end('failed')).toBe('error');
    await refused('error', 'stop', 'restart');
    expect(await begin('start')).toBe('pending');
    expect(await end('succeeded')).toBe('running');
    expect(await begin('restart')).toBe('pending');
    expect((await vms().findById(owner, id))?.version, 'every change counts').toBe(9);
  });

  test('exactly one of many simultaneous stops is accepted', async (context) => {
    if (!database.atomic) context.skip('it reads first and writes later');
    const owner = newOwner();
    const { id } = await running(owner);
    const stops = Array.from({ length: 10 }, () => stop(owner, id));
    expect(succeeded(await Promise.allSettled(stops))).toBe(1);
  });

  test('a VM that is neither pending nor stopping can be deleted once', async () => {
    const owner = newOwner();
    const { id } = await running(owner);
    expect(await vms().delete(owner, id)).toBe(true);
    expect(await vms().delete(owner, id)).toBe(false);
    expect(await vms().findById(owner, id)).toBeUndefined();
  });

  test('a deletion that expects a version succeeds at that version only', async () => {
    const owner = newOwner();
    const { id, version } = await running(owner);
    await expect(vms().delete(owner, id, version + 1)).rejects.toMatchObject({
      code: 'VERSION_MISMATCH',
      currentVersion: version,
    });
    expect(await vms().delete(owner, id, version)).toBe(true);
  });

  test('a pending or stopping VM is not deleted', async () => {
    const owner = newOwner();
    const { id } = await create(owner);
    await expect(vms().delete(owner, id)).rejects.toThrow(StatusConflictError);
    await expect(vms().delete(owner, id)).rejects.toMatchObject({
      code: 'STATUS_CONFLICT',
      status: 'pending',
    });
    await settle(database.service, id);
    await stop(owner, id);
    await expect(vms().delete(owner, id)).rejects.toMatchObject({ status: 'stopping' });
    expect(await vms().findById(owner, id)).toMatchObject({ status: 'stopping' });
  });

  test('exactly one of a simultaneous deletion and stop wins', async (context) => {
    if (!database.atomic) context.skip('it reads first and writes later');
    const owner = newOwner();
    for (let round = 0; round < 10; round += 1) {
      const { id } = await running(owner);
      const [deleted, stopped] = await Promise.allSettled([vms().delete(owner, id), stop(owner, id)]);
      const wasDeleted = deleted.status === 'fulfilled' && deleted.value;
      const wasStopped = stopped.status === 'fulfilled' && stopped.value !== undefined;
      expect([wasDeleted, wasStopped].filter(Boolean), `round ${round}`).toHaveLength(1);
    }
  });
});
