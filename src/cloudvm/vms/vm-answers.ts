/** The answers to requests that begin an operation on a VM. */
import { entityTag } from '../../runtime/application.ts';
import type { Answer } from '../idempotency/answer.ts';
import { representVm } from './vm-representation.ts';
import type { BegunVm } from './vm-services.ts';

export function createdAnswer(begun: BegunVm): Answer {
  const { fields, ...answer } = begunAnswer(begun);
  return { ...answer, status: 201, fields: { Location: `/api/vms/${begun.vm.id}`, ...fields } };
}

export function begunAnswer({ vm, operationId }: BegunVm): Answer {
  const { json, version } = representVm(vm);
  const fields = {
    'Operation-Location': `/api/operations/${operationId}`,
    ETag: entityTag(String(version)),
  };
  return { status: 202, fields, json };
}
