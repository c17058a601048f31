/**
 * What the client knows of the application: the routes, and the types of what they take and answer. All but
 * the routes are types, so the client loads no schema. In the package, build/client-types.ts writes the same
 * types out, so that they need no schema either. A test compares the two.
 */
import type { Static, TSchema } from 'typebox';
import type { Validator } from '../validation/validator.ts';
import type { Endpoints } from './endpoints.ts';
import type { OperationId } from './routes.ts';
import type { Shapes } from './shapes.ts';

export type { CloudVmEvent } from '../events/event-schema.ts';
export type { ProblemName } from './problem-catalogue.ts';
export { type OperationId, ROUTES } from './routes.ts';

export type User = Static<Shapes['User']>;
export type Session = Static<Shapes['Session']>;
export type Registration = Static<Shapes['Registration']>;
export type Login = Static<Shapes['Login']>;
export type UserChanges = Static<Shapes['UserChanges']>;
export type PasswordChange = Static<Shapes['PasswordChange']>;
export type AccountDeletion = Static<Shapes['AccountDeletion']>;
export type Vm = Static<Shapes['Vm']>;
export type VmPage = Static<Shapes['VmPage']>;
export type VmQuery = Static<Shapes['VmQuery']>;
export type NewVm = Static<Shapes['NewVm']>;
export type VmChanges = Static<Shapes['VmChanges']>;
export type TagValue = Static<Shapes['TagValue']>;
export type Operation = Static<Shapes['Operation']>;
export type OperationPage = Static<Shapes['OperationPage']>;
export type Snapshot = Static<Shapes['Snapshot']>;
export type SnapshotPage = Static<Shapes['SnapshotPage']>;
export type NewSnapshot = Static<Shapes['NewSnapshot']>;
export type PageQuery = Static<Shapes['PageQuery']>;
export type Deleted = Static<Shapes['Deleted']>;

type Validated<Endpoint, Part extends string> = Endpoint extends {
  readonly [Name in Part]: Validator<infer Schema extends TSchema>;
}
  ? Static<Schema>
  : undefined;

type Answered<Endpoint> = Endpoint extends {
  readonly success: { readonly schema: infer Schema extends TSchema };
}
  ? Static<Schema>
  : undefined;

/** What each route takes and answers, by operation id. */
export type Calls = {
  [Id in OperationId]: {
    query: Validated<Endpoints[Id], 'query'>;
    body: Validated<Endpoints[Id], 'body'>;
    answer: Answered<Endpoints[Id]>;
  };
};

type WithField<Field extends string> = {
  [Id in OperationId]: Endpoints[Id] extends { readonly fields: readonly (infer Known)[] }
    ? Field extends Known
      ? Id
      : never
    : never;
}[OperationId];

type WithAnswerField<Field extends string> = {
  [Id in OperationId]: Endpoints[Id] extends {
    readonly success: { readonly headers: { readonly [Name in Field]: string } };
  }
    ? Id
    : never;
}[OperationId];

/** The operation ids of the routes that understand an Idempotency-Key. */
export type TakesIdempotencyKey = WithField<'Idempotency-Key'>;

/** The operation ids of the routes whose answer names an operation that goes on. */
export type StartsOperation = WithAnswerField<'Operation-Location'>;
