/** Stores a VM as a request does, without the operation that creates it. */
import type { ObjectId } from 'mongodb';
import { requireObjectId } from '../../../src/cloudvm/database/object-id.ts';
import { newVmDocument, toVm } from '../../../src/cloudvm/vms/repository/vm-document.ts';
import type { VmRepository } from '../../../src/cloudvm/vms/repository/vm-repository.ts';
import type { NewVm, Vm } from '../../../src/cloudvm/vms/vm.ts';

export async function createVm(
  vms: VmRepository,
  ownerId: string,
  newVm: NewVm,
): Promise<{ readonly vm: Vm; readonly operationId: ObjectId }> {
  const document = newVmDocument(requireObjectId(ownerId), newVm);
  if (!(await vms.create(document))) throw new Error('the id of a new VM is blocked');
  return { vm: toVm(document), operationId: document.operationId };
}
