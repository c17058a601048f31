/** The shapes of snapshots and of the body that asks for one, as the contract states them. */
import Type, { type Static } from 'typebox';
import {
  IdSchema,
  NextCursorSchema,
  PageQuerySchema,
  TimeSchema,
  TotalSchema,
} from '../contract/common-schema.ts';
import { VISIBLE_AND_NOT_BLANK } from '../contract/visible-text.ts';
import { Validator } from '../validation/validator.ts';
import { SNAPSHOT_STATUSES } from './snapshot.ts';

const NameSchema = Type.String({
  minLength: 1,
  maxLength: 64,
  pattern: VISIBLE_AND_NOT_BLANK,
  examples: ['before the upgrade'],
});

export const SnapshotSchema = Type.Object(
  {
    id: IdSchema,
    vmId: IdSchema,
    name: NameSchema,
    status: Type.Enum([...SNAPSHOT_STATUSES]),
    createdAt: TimeSchema,
  },
  {
    additionalProperties: false,
    description: "The state of a VM's disk at one moment. It belongs to its VM and goes with it.",
    examples: [
      {
        id: '66a1f0c2e4b0a1b2c3d4e5f8',
        vmId: '66a1f0c2e4b0a1b2c3d4e5f6',
        name: 'before the upgrade',
        status: 'ready',
        createdAt: '2026-05-01T12:00:00.000Z',
      },
    ],
  },
);

export const SnapshotPageSchema = Type.Object(
  { snapshots: Type.Array(SnapshotSchema), total: TotalSchema, nextCursor: NextCursorSchema },
  { additionalProperties: false, description: 'Snapshots, the newest first.' },
);

export const NewSnapshotSchema = Type.Object(
  { name: NameSchema },
  { additionalProperties: false, examples: [{ name: 'before the upgrade' }] },
);

export type SnapshotAnswer = Static<typeof SnapshotSchema>;
export type SnapshotPageAnswer = Static<typeof SnapshotPageSchema>;
export type NewSnapshotBody = Static<typeof NewSnapshotSchema>;

export const snapshotQuery = new Validator(PageQuerySchema);
export const newSnapshot = new Validator(NewSnapshotSchema);
