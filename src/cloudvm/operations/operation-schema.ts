/** The shapes of operations, as the contract states them. */
import Type, { type Static } from 'typebox';
import {
  IdSchema,
  NextCursorSchema,
  PageQuerySchema,
  TimeSchema,
  TotalSchema,
} from '../contract/common-schema.ts';
import { Validator } from '../validation/validator.ts';
import { OPERATION_KINDS, OPERATION_STATUSES } from './operation.ts';

const OptionalTimeSchema = Type.Union([TimeSchema, Type.Null()]);

export const OperationSchema = Type.Object(
  {
    id: IdSchema,
    vmId: IdSchema,
    kind: Type.Enum([...OPERATION_KINDS]),
    status: Type.Enum([...OPERATION_STATUSES]),
    error: Type.Union([Type.String(), Type.Null()], {
      description: 'Why it failed, or why the last attempt did.',
    }),
    attempts: Type.Integer({ minimum: 0, description: 'How often a worker has begun to carry it out.' }),
    createdAt: TimeSchema,
    startedAt: OptionalTimeSchema,
    finishedAt: OptionalTimeSchema,
  },
  {
    additionalProperties: false,
    description: 'A change of a VM that goes on after its request was answered.',
    examples: [
      {
        id: '66a1f0c2e4b0a1b2c3d4e5f7',
        vmId: '66a1f0c2e4b0a1b2c3d4e5f6',
        kind: 'create',
        status: 'succeeded',
        error: null,
        attempts: 1,
        createdAt: '2026-05-01T12:00:00.000Z',
        startedAt: '2026-05-01T12:00:00.000Z',
        finishedAt: '2026-05-01T12:00:00.262Z',
      },
    ],
  },
);

export const OperationPageSchema = Type.Object(
  { operations: Type.Array(OperationSchema), total: TotalSchema, nextCursor: NextCursorSchema },
  { additionalProperties: false, description: 'Operations, the newest first.' },
);

export type OperationAnswer = Static<typeof OperationSchema>;
export type OperationPageAnswer = Static<typeof OperationPageSchema>;

export const operationQuery = new Validator(PageQuerySchema);
