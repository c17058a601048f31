/**
 * Every named shape of the API: what bodies, queries and answers are made of. The OpenAPI document and the
 * types of the client have their names from here. It loads every schema, so only what makes documents and
 * types imports it.
 */
import {
  AccountDeletionSchema,
  LoginSchema,
  PasswordChangeSchema,
  RegistrationSchema,
  SessionSchema,
  UserChangesSchema,
  UserSchema,
} from '../accounts/account-schema.ts';
import { DeletedSchema } from '../events/event-schema.ts';
import { OperationPageSchema, OperationSchema } from '../operations/operation-schema.ts';
import { NewSnapshotSchema, SnapshotPageSchema, SnapshotSchema } from '../snapshots/snapshot-schema.ts';
import {
  NewVmSchema,
  TagValueBodySchema,
  VmChangesSchema,
  VmPageSchema,
  VmQuerySchema,
  VmSchema,
} from '../vms/vm-schema.ts';
import { PageQuerySchema } from './common-schema.ts';

export const SHAPES = {
  User: UserSchema,
  Session: SessionSchema,
  Registration: RegistrationSchema,
  Login: LoginSchema,
  UserChanges: UserChangesSchema,
  PasswordChange: PasswordChangeSchema,
  AccountDeletion: AccountDeletionSchema,
  Vm: VmSchema,
  VmPage: VmPageSchema,
  NewVm: NewVmSchema,
  VmChanges: VmChangesSchema,
  TagValue: TagValueBodySchema,
  Operation: OperationSchema,
  OperationPage: OperationPageSchema,
  Snapshot: SnapshotSchema,
  SnapshotPage: SnapshotPageSchema,
  NewSnapshot: NewSnapshotSchema,
  Deleted: DeletedSchema,
} as const;

/** In the document a query is a list of parameters, so these names are the client's alone. */
export const QUERY_SHAPES = {
  VmQuery: VmQuerySchema,
  PageQuery: PageQuerySchema,
} as const;

export type Shapes = typeof SHAPES & typeof QUERY_SHAPES;
