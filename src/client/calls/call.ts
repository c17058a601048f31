/** The types of a call by its operation id: what it needs, and what it gives. */
import type {
  Calls,
  OperationId,
  ROUTES,
  TakesIdempotencyKey,
} from '../../cloudvm/contract/client-contract.ts';
import type { RawFields } from '../exchange/answer.ts';
import type { CallOptions } from '../options.ts';

type RouteOf<Id extends OperationId> = Extract<(typeof ROUTES)[number], { readonly operationId: Id }>;

type ParameterName<Path extends string> = Path extends `${infer Segment}/${infer Rest}`
  ? ParameterName<Segment> | ParameterName<Rest>
  : Path extends `:${infer Name}`
    ? Name
    : never;

export type MethodOf<Id extends OperationId> = RouteOf<Id>['method'];
export type ParametersOf<Id extends OperationId> = ParameterName<RouteOf<Id>['path']>;

/** Header fields that make a call conditional (RFC 9110, section 13). Values are entity tags. */
export interface Conditions {
  readonly ifMatch?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
}

/** For a route that understands it. The client makes one for each call that has none. */
export interface KeyOption {
  readonly idempotencyKey?: string | undefined;
}

type WithPath<Id extends OperationId> = [ParametersOf<Id>] extends [never]
  ? unknown
  : { readonly path: { readonly [Name in ParametersOf<Id>]: string } };
type WithQuery<Query> = Query extends undefined ? unknown : { readonly query?: Query | undefined };
type WithBody<Body> = Body extends undefined ? unknown : { readonly body: Body };
type WithKey<Id extends OperationId> = Id extends TakesIdempotencyKey ? KeyOption : unknown;

/** Everything that `client.request(Id, …)` takes. */
export type CallInput<Id extends OperationId> = CallOptions &
  Conditions &
  WithPath<Id> &
  WithQuery<Calls[Id]['query']> &
  WithBody<Calls[Id]['body']> &
  WithKey<Id>;

export interface CallAnswer<Id extends OperationId> {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: RawFields;
  /** Undefined if the answer has no content, as 204 and 304 have none. */
  readonly body: Calls[Id]['answer'] | undefined;
}

/** Every route but the stream of events, whose answer has no end. */
export type CallId = Exclude<OperationId, 'streamEvents'>;

/** What the groups of calls use: one call by its operation id. */
export type Call = <Id extends CallId>(id: Id, input: CallInput<Id>) => Promise<CallAnswer<Id>>;
