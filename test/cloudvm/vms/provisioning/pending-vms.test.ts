import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { PendingVms } from '../../../../src/cloudvm/vms/provisioning/pending-vms.ts';
import { VmRepository } from '../../../../src/cloudvm/vms/repository/vm-repository.ts';
import { VM_TRANSITIONS, type Vm } from '../../../../src/cloudvm/vms/vm.ts';
import { describeOnEveryDatabase } from '../../../support/databases.ts';

describeOnEveryDatabase('pending VMs', (database) => {
  async function create(vms: VmRepository) {
    const ownerId = randomBytes(12).toString('hex');
    const vm = { name: 'web', provider: 'aws', region: 'eu-west-1', size: 'small', tags: [] } as const;
    return (await vms.create(ownerId, vm)).vm;
  }

  test('are found for all owners, the oldest first and up to the limit', async () => {
    const vms = new VmRepository(database.service);
    const pending = new PendingVms(database.service);
    const created = [await create(vms), await create(vms), await create(vms)];
    const running = created[1];
    if (running === undefined) throw new Error('nothing was created');
    await vms.changeStatus(running.ownerId, running.id, VM_TRANSITIONS.started);
    const found = await pending.find(10);
    expect(found).toEqual([created[0], created[2]].map((vm) => ({ id: vm?.id, updatedAt: vm?.updatedAt })));
    expect(await pending.find(1)).toEqual(found.slice(0, 1));
    expect(await pending.find(0)).toEqual([]);
  });

  test('of all owners are started with one write, which leaves others as they are', async () => {
    const vms = new VmRepository(database.service);
    const pending = new PendingVms(database.service);
    const [one, other, stopping, deleted, waiting] = [
      await create(vms),
      await create(vms),
      await create(vms),
      await create(vms),
      await create(vms),
    ];
    for (const { ownerId, id } of [stopping, deleted]) {
      await vms.changeStatus(ownerId, id, VM_TRANSITIONS.started);
    }
    await vms.changeStatus(stopping.ownerId, stopping.id, VM_TRANSITIONS.stop);
    await vms.delete(deleted.ownerId, deleted.id);
    await pending.start([one, other, stopping, deleted].map(({ id }) => id));
    const find = ({ ownerId, id }: Vm) => vms.findById(ownerId, id);
    for (const vm of [one, other]) {
      const started = await find(vm);
      expect(started).toEqual({ ...vm, status: 'running', version: 2, updatedAt: expect.any(Date) });
      expect(started?.updatedAt.getTime()).toBeGreaterThanOrEqual(vm.updatedAt.getTime());
    }
    expect(await find(stopping)).toMatchObject({ status: 'stopping', version: 3 });
    expect(await find(deleted)).toBeUndefined();
    expect(await find(waiting)).toEqual(waiting);
  });

  test('are started once, however often that is asked for', async () => {
    const vms = new VmRepository(database.service);
    const pending = new PendingVms(database.service);
    const vm = await create(vms);
    await pending.start([vm.id]);
    await pending.start([vm.id]);
    expect(await vms.findById(vm.ownerId, vm.id)).toMatchObject({ status: 'running', version: 2 });
  });
});
