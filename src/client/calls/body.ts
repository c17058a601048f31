/** What the groups of calls take out of answers. */
import type { Calls, OperationId, StartsOperation } from '../../cloudvm/contract/client-contract.ts';
import { CloudVmBadAnswer } from '../errors/client-error.ts';
import type { CallAnswer } from './call.ts';

/** Names an operation, for `waitFor` and `operations.get`. An `Operation` is one, too. */
export interface OperationReference {
  readonly id: string;
}

const OPERATION_PATH = /\/api\/operations\/([^/?#]+)$/;

/** The content of an answer that must have some. @throws CloudVmBadAnswer */
export function bodyOf<Id extends OperationId>(
  id: Id,
  { body }: CallAnswer<Id>,
): Exclude<Calls[Id]['answer'], undefined> {
  if (body === undefined) throw new CloudVmBadAnswer(`The answer to ${id} has no content`);
  return body as Exclude<Calls[Id]['answer'], undefined>;
}

/** The operation that goes on. @throws CloudVmBadAnswer */
export function operationOf<Id extends StartsOperation>(
  id: Id,
  { headers }: CallAnswer<Id>,
): OperationReference {
  const location = headers['operation-location'];
  const operation = typeof location === 'string' ? OPERATION_PATH.exec(location)?.[1] : undefined;
  if (operation === undefined) throw new CloudVmBadAnswer(`The answer to ${id} names no operation`);
  return { id: decodeURIComponent(operation) };
}
