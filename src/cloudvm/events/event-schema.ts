/** The data of the events that a stream sends, by the name of the event. */
import Type, { type Static } from 'typebox';
import { IdSchema } from '../contract/common-schema.ts';
import { OperationSchema } from '../operations/operation-schema.ts';
import { SnapshotSchema } from '../snapshots/snapshot-schema.ts';
import { VmSchema } from '../vms/vm-schema.ts';

export const DeletedSchema = Type.Object({ id: IdSchema }, { additionalProperties: false });

/** By the `event` field. */
export const EVENT_SCHEMAS = {
  vm: VmSchema,
  'vm-deleted': DeletedSchema,
  snapshot: SnapshotSchema,
  'snapshot-deleted': DeletedSchema,
  operation: OperationSchema,
} as const;

export type EventName = keyof typeof EVENT_SCHEMAS;

/** An event as clients see it, with its parsed data. */
export type CloudVmEvent = {
  [Name in EventName]: {
    readonly event: Name;
    readonly id: string;
    readonly data: Static<(typeof EVENT_SCHEMAS)[Name]>;
  };
}[EventName];
