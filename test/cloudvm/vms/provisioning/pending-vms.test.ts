import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { PendingVms } from '../../../../src/cloudvm/vms/provisioning/pending-vms.ts';
import { VmRepository } from '../../../../src/cloudvm/vms/repository/vm-repository.ts';
import { VM_TRANSITIONS } from '../../../../src/cloudvm/vms/vm.ts';
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
    expect(found).toEqual(
      [created[0], created[2]].map((vm) => ({ id: vm?.id, ownerId: vm?.ownerId, updatedAt: vm?.updatedAt })),
    );
    expect(await pending.find(1)).toEqual(found.slice(0, 1));
    expect(await pending.find(0)).toEqual([]);
  });
});
