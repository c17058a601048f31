/** Plays the part of the runner: writes the outcome of the operation that a VM waits for. */
import { ObjectId } from 'mongodb';
import type { DatabaseService } from '../../../src/cloudvm/database/database-service.ts';
import {
  newOperationDocument,
  type OperationDocument,
} from '../../../src/cloudvm/operations/repository/operation-document.ts';
import { OperationTargets } from '../../../src/cloudvm/operations/repository/operation-targets.ts';
import { toVm, VMS, type VmDocument } from '../../../src/cloudvm/vms/repository/vm-document.ts';

/** @returns whether the VM was waiting for it */
export async function settle(
  service: DatabaseService,
  vmId: string,
  outcome: 'succeeded' | 'failed' = 'succeeded',
): Promise<boolean> {
  const operation = await operationOf(service, vmId);
  const targets = new OperationTargets(service);
  return outcome === 'succeeded' ? targets.succeed([operation]) : targets.fail(operation);
}

/** The operation that a VM names, as if a worker had taken it. */
export async function operationOf(service: DatabaseService, vmId: string): Promise<OperationDocument> {
  const _id = ObjectId.createFromHexString(vmId);
  const document = await service.collection<VmDocument>(VMS.name).findOne({ _id });
  const { operationId: id, operationKind: kind } = document ?? {};
  if (document === null || id === undefined || kind === undefined) throw new Error('it names no operation');
  return { ...newOperationDocument({ id, kind, vm: toVm(document) }), status: 'running', attempts: 1 };
}
