/**
 * Answers the requests about VMs: list, create, read, change, delete. The owner always comes from the token
 * and is part of every query, so a VM does not exist for anybody but its owner. Runs in worker threads.
 */

import { entityTag, type Request, type Response } from '../../runtime/application.ts';
import { userIdOf } from '../accounts/tokens/require-user.ts';
import { DEFAULT_PAGE_SIZE } from '../contract/common-schema.ts';
import { readBody } from '../validation/json-body.ts';
import { readQuery } from '../validation/query.ts';
import { readIdempotencyKey } from './idempotency-key.ts';
import type { Vm } from './vm.ts';
import { vmNotFound } from './vm-problems.ts';
import { representPage, representStoredVm, representVm, type VmRepresentation } from './vm-representation.ts';
import { newVm, vmChanges, vmQuery } from './vm-schema.ts';
import type { VmServices } from './vm-services.ts';

export class VmController {
  readonly #services: VmServices;

  constructor(services: VmServices) {
    this.#services = services;
  }

  readonly list = async (request: Request, response: Response): Promise<void> => {
    const query = readQuery(request, vmQuery);
    const { repository } = this.#services;
    const page = await repository.list(userIdOf(request), { limit: DEFAULT_PAGE_SIZE, ...query });
    response.rawJson(representPage(page));
  };

  readonly create = async (request: Request, response: Response): Promise<void> => {
    const { size = 'small', tags = [], ...rest } = readBody(request, newVm);
    const key = readIdempotencyKey(request);
    const { repository, provisioner } = this.#services;
    const { vm } = await repository.create(userIdOf(request), { ...rest, size, tags }, key);
    if (vm.status === 'pending') provisioner.schedule(vm);
    response.status(201).header('Location', `/api/vms/${vm.id}`);
    answerWith(response, representVm(vm));
  };

  readonly read = async (request: Request<'id'>, response: Response): Promise<void> => {
    const { repository } = this.#services;
    const vm = await repository.read(userIdOf(request), request.parameter('id'));
    if (vm === undefined) throw vmNotFound();
    answerWith(response, representStoredVm(vm));
  };

  readonly change = async (request: Request<'id'>, response: Response): Promise<void> => {
    const changes = readBody(request, vmChanges);
    const expectedVersion = await this.#expectedVersion(request);
    const id = request.parameter('id');
    const { repository } = this.#services;
    const vm = await repository.update(userIdOf(request), id, changes, expectedVersion);
    if (vm === undefined) throw vmNotFound();
    answerWith(response, representVm(vm));
  };

  readonly delete = async (request: Request<'id'>, response: Response): Promise<void> => {
    const expectedVersion = await this.#expectedVersion(request);
    const id = request.parameter('id');
    const { repository } = this.#services;
    const deleted = await repository.delete(userIdOf(request), id, expectedVersion);
    if (!deleted) throw vmNotFound();
    response.empty();
  };

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
