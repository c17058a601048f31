/** Makes the request of a call: method and target from the list of routes, fields and body from the input. */
import { randomUUID } from 'node:crypto';
import {
  type OperationId,
  ROUTES,
  type TakesIdempotencyKey,
} from '../../cloudvm/contract/client-contract.ts';
import { CloudVmUsageError } from '../errors/client-error.ts';
import type { OutgoingRequest } from '../exchange/transport.ts';
import type { Conditions, KeyOption } from './call.ts';

/** The input of any call, seen without its types. */
export interface AnyInput extends Conditions, KeyOption {
  readonly path?: Readonly<Record<string, unknown>>;
  readonly query?: Readonly<Record<string, unknown>> | undefined;
  readonly body?: unknown;
  readonly lastEventId?: string | undefined;
}

type Route = (typeof ROUTES)[number];

const ROUTE_BY_ID: ReadonlyMap<string, Route> = new Map(ROUTES.map((route) => [route.operationId, route]));

/** The routes that understand an Idempotency-Key. It does not compile if one is missing here. */
const TAKES_KEY: Readonly<Record<TakesIdempotencyKey, true>> = {
  register: true,
  login: true,
  changePassword: true,
  renewToken: true,
  createVm: true,
  startVm: true,
  stopVm: true,
  restartVm: true,
  createVmSnapshot: true,
};

const METHODS = { get: 'GET', post: 'POST', put: 'PUT', patch: 'PATCH', delete: 'DELETE' } as const;
const FIELD_VALUE = /^[\x20-\x7e\x80-\xff]+$/;

/** @throws CloudVmUsageError */
export function outgoing(id: OperationId, input: AnyInput, token: string | undefined): OutgoingRequest {
  const route = ROUTE_BY_ID.get(id);
  if (route === undefined) throw new CloudVmUsageError('There is no such operation id');
  return {
    operationId: id,
    method: METHODS[route.method],
    target: pathOf(route.path, input.path ?? {}) + queryOf(input.query ?? {}),
    headers: headersOf(route, input, token),
    body: input.body === undefined ? undefined : JSON.stringify(input.body),
  };
}

function pathOf(path: string, parameters: Readonly<Record<string, unknown>>): string {
  return path.replaceAll(/:(\w+)/g, (_, name: string) => segmentOf(name, parameters[name]));
}

/** A segment that is empty or only dots would lead to another route. */
function segmentOf(name: string, value: unknown): string {
  if (typeof value !== 'string' || value === '' || !value.isWellFormed()) {
    throw new CloudVmUsageError(`The path parameter ${name} must be a text that is not empty`);
  }
  return /^\.{1,2}$/.test(value) ? value.replaceAll('.', '%2E') : encodeURIComponent(value);
}

/** A list becomes a repeated parameter. */
function queryOf(query: Readonly<Record<string, unknown>>): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined) parameters.append(name, String(one));
    }
  }
  return parameters.size === 0 ? '' : `?${parameters}`;
}

function headersOf(
  { operationId, access }: Route,
  input: AnyInput,
  token: string | undefined,
): Record<string, string> {
  const fields: Record<string, string | undefined> = {
    accept: operationId === 'streamEvents' ? 'text/event-stream' : 'application/json',
    authorization: access === 'user' && token !== undefined ? `Bearer ${token}` : undefined,
    'content-type': input.body === undefined ? undefined : 'application/json',
    'if-match': input.ifMatch,
    'if-none-match': input.ifNoneMatch,
    'last-event-id': input.lastEventId,
    'idempotency-key': Object.hasOwn(TAKES_KEY, operationId)
      ? (input.idempotencyKey ?? randomUUID())
      : undefined,
  };
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    // The value is not repeated, because it may be a token.
    if (!FIELD_VALUE.test(value)) throw new CloudVmUsageError(`${name} has characters that cannot be sent`);
    headers[name] = value;
  }
  return headers;
}
