/**
 * The handler of each operation id. It receives what the endpoint's description lets through: a query and a
 * body that have passed their schemas. Only the API imports this, because it loads everything.
 */
import type { Handler, ParameterName, Request, Response } from '../runtime/application.ts';
import type { AccountController } from './accounts/account-controller.ts';
import type { EndpointDescription, EndpointHandler } from './contract/endpoint.ts';
import { ENDPOINTS, type Endpoints } from './contract/endpoints.ts';
import type { OperationId, ROUTES } from './contract/routes.ts';
import type { EventController } from './events/event-controller.ts';
import type { OperationController } from './operations/operation-controller.ts';
import type { SnapshotController } from './snapshots/snapshot-controller.ts';
import { readBody } from './validation/json-body.ts';
import { readQuery } from './validation/query.ts';
import type { VmController } from './vms/vm-controller.ts';

export interface Controllers {
  readonly accounts: AccountController;
  readonly vms: VmController;
  readonly operations: OperationController;
  readonly snapshots: SnapshotController;
  readonly events: EventController;
}

type PathOf<Id extends OperationId> = Extract<(typeof ROUTES)[number], { readonly operationId: Id }>['path'];

/** A handler that reads a parameter which its path does not have does not compile. */
type Handlers = {
  readonly [Id in OperationId]: (
    controllers: Controllers,
  ) => EndpointHandler<Endpoints[Id], ParameterName<PathOf<Id>>>;
};

type UncheckedHandler = (
  request: Request,
  response: Response,
  input: { readonly query: unknown; readonly body: unknown },
) => void | Promise<void>;

const HANDLERS: Handlers = {
  register: ({ accounts }) => accounts.register,
  login: ({ accounts }) => accounts.login,
  getAccount: ({ accounts }) => accounts.read,
  updateAccount: ({ accounts }) => accounts.change,
  deleteAccount: ({ accounts }) => accounts.delete,
  changePassword: ({ accounts }) => accounts.changePassword,
  renewToken: ({ accounts }) => accounts.renewToken,
  listVms: ({ vms }) => vms.list,
  createVm: ({ vms }) => vms.create,
  streamEvents: ({ events }) => events.stream,
  getVm: ({ vms }) => vms.read,
  updateVm: ({ vms }) => vms.change,
  deleteVm: ({ vms }) => vms.delete,
  setVmTag: ({ vms }) => vms.setTag,
  deleteVmTag: ({ vms }) => vms.deleteTag,
  startVm: ({ vms }) => vms.start,
  stopVm: ({ vms }) => vms.stop,
  restartVm: ({ vms }) => vms.restart,
  listVmOperations: ({ operations }) => operations.list,
  getOperation: ({ operations }) => operations.read,
  listVmSnapshots: ({ snapshots }) => snapshots.list,
  createVmSnapshot: ({ snapshots }) => snapshots.create,
  getSnapshot: ({ snapshots }) => snapshots.read,
  deleteSnapshot: ({ snapshots }) => snapshots.delete,
};

/** The handler of an operation as the router calls it: it checks what came, and then answers. */
export function handlerOf(operationId: OperationId, controllers: Controllers): Handler {
  const { query, body }: EndpointDescription = ENDPOINTS[operationId];
  // The table above has checked both: the types of the input, and the names of the parameters.
  const handler = HANDLERS[operationId](controllers) as UncheckedHandler;
  return (request, response) =>
    handler(request, response, {
      query: query === undefined ? undefined : readQuery(request, query),
      body: body === undefined ? undefined : readBody(request, body),
    });
}
