/** Taking a snapshot by a request with an Idempotency-Key. */
import type { Work } from '../idempotency/plan.ts';
import { vmNotFound } from '../vms/vm-problems.ts';
import { newSnapshotDocument, toSnapshot } from './repository/snapshot-document.ts';
import { snapshotAnswer } from './snapshot-answer.ts';
import type { SnapshotServices } from './snapshot-services.ts';

export interface SnapshotWanted {
  readonly ownerId: string;
  readonly vmId: string;
  readonly name: string;
  readonly requestId: string | undefined;
}

export function snapshotCreation(services: SnapshotServices, wanted: SnapshotWanted): Work {
  const { ownerId, vmId, name, requestId } = wanted;
  return {
    draw: async () => {
      const vm = await services.findVmAtRest(ownerId, vmId);
      if (vm === undefined) throw vmNotFound();
      const document = newSnapshotDocument(vm, name);
      const { _id: targetId, operationId, createdAt: at } = document;
      const begun = { snapshot: toSnapshot(document), operationId: operationId.toHexString() };
      return {
        plan: { targetId, operationId, at, answer: snapshotAnswer(begun) },
        carryOut: () => services.takeDrawn(vm, document, requestId),
      };
    },
    resume: (plan) => services.resume(ownerId, vmId, plan, requestId),
  };
}
