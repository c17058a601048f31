/** The creation of a VM by a request with an Idempotency-Key. */
import { requireObjectId } from '../database/object-id.ts';
import type { Work } from '../idempotency/plan.ts';
import { newVmDocument, toVm } from './repository/vm-document.ts';
import type { NewVm } from './vm.ts';
import { createdAnswer } from './vm-answers.ts';
import type { VmServices } from './vm-services.ts';

export function vmCreation(services: VmServices, ownerId: string, newVm: NewVm, requestId?: string): Work {
  return {
    draw: async () => {
      // Here, because what is refused before it is planned leaves no trace.
      const isNearLimit = await services.refuseBeyondLimit(ownerId);
      const document = newVmDocument(requireObjectId(ownerId), newVm);
      const { _id: targetId, operationId, createdAt: at } = document;
      const answer = createdAnswer({ vm: toVm(document), operationId: operationId.toHexString() });
      return {
        plan: { targetId, operationId, at, answer },
        carryOut: () => services.createDrawn(document, isNearLimit, requestId),
      };
    },
    resume: (plan) => services.resumeCreation(ownerId, plan, requestId),
  };
}
