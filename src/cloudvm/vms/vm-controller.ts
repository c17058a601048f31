/**
 * Answers the requests about VMs: list, create, read, change, delete, start, stop, restart, tags. The owner
 * always comes from the token and is part of every query, so a VM does not exist for anybody but its owner.
 * Runs in worker threads.
 */

import { entityTag, type Request, type Response } from '../../runtime/application.ts';
import { userIdOf } from '../accounts/tokens/require-user.ts';
import { DEFAULT_PAGE_SIZE } from '../contract/common-schema.ts';
import type { EndpointHandler } from '../contract/endpoint.ts';
import { sendAnswer } from '../idempotency/answer.ts';
import { readIdempotencyKey } from '../idempotency/idempotency-key.ts';
import type { IdempotentRequests } from '../idempotency/idempotent-requests.ts';
import type { VmAction } from './lifecycle.ts';
import type { Vm } from './vm.ts';
import { begunAnswer, createdAnswer } from './vm-answers.ts';
import { vmCreation } from './vm-creation.ts';
import type {
  createVm,
  deleteVm,
  deleteVmTag,
  getVm,
  listVms,
  restartVm,
  setVmTag,
  startVm,
  stopVm,
  updateVm,
} from './vm-endpoints.ts';
import { vmNotFound } from './vm-problems.ts';
import { representPage, representStoredVm, representVm, type VmRepresentation } from './vm-representation.ts';
import { tagKey } from './vm-schema.ts';
import type { VmServices } from './vm-services.ts';
import { vmTransition } from './vm-transition.ts';

export class VmController {
  readonly #services: VmServices;
  readonly #idempotent: IdempotentRequests;

  constructor(services: VmServices, idempotent: IdempotentRequests) {
    this.#services = services;
    this.#idempotent = idempotent;
  }

  readonly list: EndpointHandler<typeof listVms> = async (request, response, { query }) => {
    const { repository } = this.#services;
    const page = await repository.list(userIdOf(request), { limit: DEFAULT_PAGE_SIZE, ...query });
    response.rawJson(representPage(page));
  };

  readonly create: EndpointHandler<typeof createVm> = async (request, response, { body }) => {
    const { size = 'small', tags = [], ...rest } = body;
    const newVm = { ...rest, size, tags };
    const ownerId = userIdOf(request);
    const { requestId } = request.identity;
    const key = readIdempotencyKey(request);
    if (key === undefined) {
      sendAnswer(response, createdAnswer(await this.#services.create(ownerId, newVm, requestId)));
    } else {
      const creation = vmCreation(this.#services, ownerId, newVm, requestId);
      await this.#idempotent.answer(request, response, key, body, creation);
    }
  };

  readonly read: EndpointHandler<typeof getVm, 'id'> = async (request, response) => {
    const { repository } = this.#services;
    const vm = await repository.read(userIdOf(request), request.parameter('id'));
    if (vm === undefined) throw vmNotFound();
    answerWith(response, representStoredVm(vm));
  };

  readonly change: EndpointHandler<typeof updateVm, 'id'> = async (request, response, { body }) => {
    const expectedVersion = await this.#expectedVersion(request);
    const id = request.parameter('id');
    const vm = await this.#services.change(userIdOf(request), id, body, expectedVersion);
    if (vm === undefined) throw vmNotFound();
    answerWith(response, representVm(vm));
  };

  readonly delete: EndpointHandler<typeof deleteVm, 'id'> = async (request, response) => {
    const expectedVersion = await this.#expectedVersion(request);
    const id = request.parameter('id');
    const { requestId } = request.identity;
    const isDeleted = await this.#services.delete(userIdOf(request), id, expectedVersion, requestId);
    if (!isDeleted) throw vmNotFound();
    response.empty();
  };

  readonly setTag: EndpointHandler<typeof setVmTag, 'id' | 'key'> = async (request, response, { body }) => {
    await this.#changeTag(request, response, body.value);
  };

  readonly deleteTag: EndpointHandler<typeof deleteVmTag, 'id' | 'key'> = async (request, response) => {
    await this.#changeTag(request, response, undefined);
  };

  readonly start: EndpointHandler<typeof startVm, 'id'> = (request, response) =>
    this.#begin('start', request, response);

  readonly stop: EndpointHandler<typeof stopVm, 'id'> = (request, response) =>
    this.#begin('stop', request, response);

  readonly restart: EndpointHandler<typeof restartVm, 'id'> = (request, response) =>
    this.#begin('restart', request, response);

  async #begin(action: VmAction, request: Request<'id'>, response: Response): Promise<void> {
    const key = readIdempotencyKey(request);
    if (key !== undefined) {
      const transition = vmTransition(this.#services, request, action);
      return this.#idempotent.answer(request, response, key, undefined, transition);
    }
    const expectedVersion = await this.#expectedVersion(request);
    const id = request.parameter('id');
    const { requestId } = request.identity;
    const begun = await this.#services.begin(userIdOf(request), id, action, expectedVersion, requestId);
    if (begun === undefined) throw vmNotFound();
    sendAnswer(response, begunAnswer(begun));
  }

  async #changeTag(
    request: Request<'id' | 'key'>,
    response: Response,
    value: string | undefined,
  ): Promise<void> {
    const key = tagKey.validate(request.parameter('key'));
    const expectedVersion = await this.#expectedVersion(request);
    const id = request.parameter('id');
    const vm = await this.#services.changeTag(userIdOf(request), id, key, value, expectedVersion);
    if (vm === undefined) throw vmNotFound();
    answerWith(response, representVm(vm));
  }

  async #find(request: Request<'id'>): Promise<Vm> {
    const vm = await this.#services.repository.findById(userIdOf(request), request.parameter('id'));
    if (vm === undefined) throw vmNotFound();
    return vm;
  }

  /**
   * The version that a change or deletion is conditional on. It is the one that the preconditions were
   * compared with, so the database refuses the write if another change comes in between.
   */
  async #expectedVersion(request: Request<'id'>): Promise<number | undefined> {
    const { preconditions } = request;
    if (!preconditions.isConditional) return undefined;
    const { version } = await this.#find(request);
    preconditions.check({ etag: entityTag(String(version)) });
    return preconditions.compareValidators ? version : undefined;
  }
}

function answerWith(response: Response, { json, version }: VmRepresentation): void {
  response.header('ETag', entityTag(String(version))).rawJson(json);
}
