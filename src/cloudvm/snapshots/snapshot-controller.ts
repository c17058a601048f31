/** Answers the requests about snapshots: take, list, read, delete. */
import type { Request, Response } from '../../runtime/application.ts';
import { userIdOf } from '../accounts/tokens/require-user.ts';
import { DEFAULT_PAGE_SIZE } from '../contract/common-schema.ts';
import type { EndpointHandler } from '../contract/endpoint.ts';
import { problem } from '../contract/problem.ts';
import { sendAnswer } from '../idempotency/answer.ts';
import { readIdempotencyKey } from '../idempotency/idempotency-key.ts';
import type { IdempotentRequests } from '../idempotency/idempotent-requests.ts';
import type { VmRepository } from '../vms/repository/vm-repository.ts';
import type { Vm } from '../vms/vm.ts';
import { vmNotFound } from '../vms/vm-problems.ts';
import { representSnapshot, snapshotAnswer } from './snapshot-answer.ts';
import { snapshotCreation } from './snapshot-creation.ts';
import type { createVmSnapshot, deleteSnapshot, getSnapshot, listVmSnapshots } from './snapshot-endpoints.ts';
import type { SnapshotPageAnswer } from './snapshot-schema.ts';
import type { SnapshotServices } from './snapshot-services.ts';

export class SnapshotController {
  readonly #services: SnapshotServices;
  readonly #vms: Pick<VmRepository, 'findById'>;
  readonly #idempotent: IdempotentRequests;

  constructor(
    services: SnapshotServices,
    vms: Pick<VmRepository, 'findById'>,
    idempotent: IdempotentRequests,
  ) {
    this.#services = services;
    this.#vms = vms;
    this.#idempotent = idempotent;
  }

  readonly list: EndpointHandler<typeof listVmSnapshots, 'id'> = async (request, response, { query }) => {
    const vm = await this.#findVm(request);
    const { repository } = this.#services;
    const page = await repository.list(vm.ownerId, vm.id, { limit: DEFAULT_PAGE_SIZE, ...query });
    const answer: SnapshotPageAnswer = {
      snapshots: page.snapshots.map(representSnapshot),
      total: page.total,
      nextCursor: page.nextCursor,
    };
    response.json(answer);
  };

  readonly create: EndpointHandler<typeof createVmSnapshot, 'id'> = async (request, response, { body }) => {
    const { requestId } = request.identity;
    const wanted = { ownerId: userIdOf(request), vmId: request.parameter('id'), name: body.name, requestId };
    const key = readIdempotencyKey(request);
    if (key !== undefined) {
      const creation = snapshotCreation(this.#services, wanted);
      return this.#idempotent.answer(request, response, key, body, creation);
    }
    const begun = await this.#services.begin(wanted.ownerId, wanted.vmId, wanted.name, requestId);
    if (begun === undefined) throw vmNotFound();
    sendAnswer(response, snapshotAnswer(begun));
  };

  readonly read: EndpointHandler<typeof getSnapshot, 'id'> = async (request, response) => {
    const { repository } = this.#services;
    const snapshot = await repository.find(userIdOf(request), request.parameter('id'));
    if (snapshot === undefined) throw snapshotNotFound();
    response.json(representSnapshot(snapshot));
  };

  readonly delete: EndpointHandler<typeof deleteSnapshot, 'id'> = async (
    request: Request<'id'>,
    response: Response,
  ) => {
    const { requestId } = request.identity;
    const isDeleted = await this.#services.delete(userIdOf(request), request.parameter('id'), requestId);
    if (!isDeleted) throw snapshotNotFound();
    response.empty();
  };

  async #findVm(request: Request<'id'>): Promise<Vm> {
    const vm = await this.#vms.findById(userIdOf(request), request.parameter('id'));
    if (vm === undefined) throw vmNotFound();
    return vm;
  }
}

function snapshotNotFound() {
  return problem('not-found', 'There is no such snapshot.');
}
