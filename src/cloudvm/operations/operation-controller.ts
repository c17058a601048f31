/** Answers the requests about operations: list those of a VM, read one. */
import { userIdOf } from '../accounts/tokens/require-user.ts';
import { DEFAULT_PAGE_SIZE } from '../contract/common-schema.ts';
import type { EndpointHandler } from '../contract/endpoint.ts';
import { problem } from '../contract/problem.ts';
import type { VmRepository } from '../vms/repository/vm-repository.ts';
import { vmNotFound } from '../vms/vm-problems.ts';
import type { Operation } from './operation.ts';
import type { getOperation, listVmOperations } from './operation-endpoints.ts';
import type { OperationAnswer, OperationPageAnswer } from './operation-schema.ts';
import type { OperationRepository } from './repository/operation-repository.ts';

/** How soon a client may ask again. HTTP has no smaller unit. */
const RETRY_AFTER_SECONDS = '1';

export class OperationController {
  readonly #repository: OperationRepository;
  readonly #vms: Pick<VmRepository, 'findById'>;

  constructor(repository: OperationRepository, vms: Pick<VmRepository, 'findById'>) {
    this.#repository = repository;
    this.#vms = vms;
  }

  readonly list: EndpointHandler<typeof listVmOperations, 'id'> = async (request, response, { query }) => {
    const vm = await this.#vms.findById(userIdOf(request), request.parameter('id'));
    if (vm === undefined) throw vmNotFound();
    const page = await this.#repository.list(vm.ownerId, vm.id, { limit: DEFAULT_PAGE_SIZE, ...query });
    const answer: OperationPageAnswer = {
      operations: page.operations.map(representOperation),
      total: page.total,
      nextCursor: page.nextCursor,
    };
    response.json(answer);
  };

  readonly read: EndpointHandler<typeof getOperation, 'id'> = async (request, response) => {
    const operation = await this.#repository.find(userIdOf(request), request.parameter('id'));
    if (operation === undefined) throw problem('not-found', 'There is no such operation.');
    if (operation.finishedAt === null) response.header('Retry-After', RETRY_AFTER_SECONDS);
    response.json(representOperation(operation));
  };
}

export function representOperation(operation: Operation): OperationAnswer {
  const { createdAt, startedAt, finishedAt } = operation;
  return {
    ...operation,
    createdAt: createdAt.toISOString(),
    startedAt: startedAt?.toISOString() ?? null,
    finishedAt: finishedAt?.toISOString() ?? null,
  };
}
