/**
 * The virtual machines of the user whose token it is: list, create, read, change, delete. The owner always
 * comes from the token and is part of every query, so another user's machine is as absent as none. Runs in
 * worker threads.
 */

import {
  entityTag,
  HttpProblem,
  matchesStrongly,
  type Request,
  type Response,
} from '../../runtime/application.ts';
import { userIdOf } from '../accounts/require-user.ts';
import { preconditionFailed } from '../problems.ts';
import type { ServicesOf } from '../services.ts';
import { readBody } from '../validation/body.ts';
import { readQuery } from '../validation/query.ts';
import { readIdempotencyKey } from './idempotency-key.ts';
import type { Vm } from './vm.ts';
import {
  DEFAULT_PAGE_SIZE,
  newVm,
  type VmAnswer,
  type VmPageAnswer,
  vmChanges,
  vmQuery,
} from './vm-schema.ts';

export class VmController {
  readonly #services: ServicesOf;

  constructor(services: ServicesOf) {
    this.#services = services;
  }

  readonly list = async (request: Request, response: Response): Promise<void> => {
    const query = readQuery(request, vmQuery);
    const page = await this.#services().vms.list(userIdOf(request), { limit: DEFAULT_PAGE_SIZE, ...query });
    const answer: VmPageAnswer = {
      vms: page.vms.map(toAnswer),
      total: page.total,
      nextCursor: page.nextCursor,
    };
    response.json(answer);
  };

  readonly create = async (request: Request, response: Response): Promise<void> => {
    const { size = 'small', tags = [], ...rest } = readBody(request, newVm);
    const key = readIdempotencyKey(request);
    const { vms, provisioner } = this.#services();
    const { vm } = await vms.create(userIdOf(request), { ...rest, size, tags }, key);
    if (vm.status === 'pending') provisioner.schedule(vm);
    response.status(201).header('Location', `/api/vms/${vm.id}`);
    answerWithVm(response, vm);
  };

  readonly read = async (request: Request, response: Response): Promise<void> => {
    answerWithVm(response, await this.#find(request));
  };

  readonly change = async (request: Request, response: Response): Promise<void> => {
    const changes = readBody(request, vmChanges);
    const expectedVersion = await this.#expectedVersion(request);
    const id = request.parameter('id');
    const vm = await this.#services().vms.update(userIdOf(request), id, changes, expectedVersion);
    answerWithVm(response, vm ?? notFound());
  };

  readonly delete = async (request: Request, response: Response): Promise<void> => {
    const expectedVersion = await this.#expectedVersion(request);
    const id = request.parameter('id');
    const deleted = await this.#services().vms.delete(userIdOf(request), id, expectedVersion);
    if (!deleted) notFound();
    response.empty();
  };

  async #find(request: Request): Promise<Vm> {
    const vm = await this.#services().vms.findById(userIdOf(request), request.parameter('id'));
    return vm ?? notFound();
  }

  /**
   * The version that a change or deletion is conditional on: the one that If-Match was compared with, so that a change
   * which comes between the comparison and the write is refused by the database.
   */
  async #expectedVersion(request: Request): Promise<number | undefined> {
    const tags = request.header('if-match');
    // "*" asks only that there is a machine, and whether there is one the write itself finds out.
    if (tags === undefined || tags.trim() === '*') return undefined;
    const { version } = await this.#find(request);
    if (!matchesStrongly(tags, entityTag(String(version)))) throw preconditionFailed(version);
    return version;
  }
}

function notFound(): never {
  throw new HttpProblem(404, 'There is no such VM.');
}

function answerWithVm(response: Response, vm: Vm): void {
  response.header('ETag', entityTag(String(vm.version))).json(toAnswer(vm));
}

/** Field by field, in the contract's order: nothing that is only for the database leaves. */
function toAnswer(vm: Vm): VmAnswer {
  return {
    id: vm.id,
    name: vm.name,
    provider: vm.provider,
    region: vm.region,
    instanceId: vm.instanceId,
    size: vm.size,
    status: vm.status,
    tags: vm.tags.map(({ key, value }) => ({ key, value })),
    createdAt: vm.createdAt.toISOString(),
    updatedAt: vm.updatedAt.toISOString(),
    version: vm.version,
  };
}
