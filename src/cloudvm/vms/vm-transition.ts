/** Starting, stopping or restarting a VM by a request with an Idempotency-Key. */
import { ObjectId } from 'mongodb';
import { entityTag, type Request } from '../../runtime/application.ts';
import { userIdOf } from '../accounts/tokens/require-user.ts';
import { requireObjectId } from '../database/object-id.ts';
import type { Plan, Work } from '../idempotency/plan.ts';
import { LIFECYCLE, type VmAction } from './lifecycle.ts';
import { StatusConflictError } from './repository/vm-errors.ts';
import type { Vm, VmStatus } from './vm.ts';
import { begunAnswer } from './vm-answers.ts';
import { vmNotFound } from './vm-problems.ts';
import type { VmServices } from './vm-services.ts';

export function vmTransition(services: VmServices, request: Request<'id'>, action: VmAction): Work {
  const ownerId = userIdOf(request);
  const { requestId } = request.identity;
  return {
    draw: async () => {
      const current = await services.repository.findCurrent(ownerId, request.parameter('id'));
      if (current === undefined) throw vmNotFound();
      request.preconditions.check({ etag: entityTag(String(current.vm.version)) });
      const plan = planOf(current.vm, action);
      return { plan, carryOut: () => services.beginPlanned(ownerId, action, plan, requestId) };
    },
    resume: (plan) => services.resumePlanned(ownerId, action, plan, requestId),
  };
}

/** @throws StatusConflictError */
function planOf(vm: Vm, action: VmAction): Plan {
  const { during, ...lifecycle } = LIFECYCLE[action];
  const from: readonly VmStatus[] = lifecycle.from;
  if (!from.includes(vm.status)) throw new StatusConflictError(vm.status);
  const at = new Date();
  const operationId = new ObjectId();
  const changed = { ...vm, status: during, version: vm.version + 1, updatedAt: at };
  return {
    targetId: requireObjectId(vm.id),
    operationId,
    version: vm.version,
    at,
    answer: begunAnswer({ vm: changed, operationId: operationId.toHexString() }),
  };
}
