/**
 * The shapes of VMs and of the queries and bodies about them, as the contract states them. Used by the VM
 * controller.
 */
import Type, { type Static } from 'typebox';
import { Validator } from '../validation/validator.ts';
import { VM_SORTS } from './repository/vm-cursor.ts';
import { MAX_PAGE_SIZE } from './repository/vm-query.ts';
import { VM_PROVIDERS, VM_SIZES, VM_STATUSES } from './vm.ts';

export const DEFAULT_PAGE_SIZE = 20;

const NameSchema = Type.String({ minLength: 1, maxLength: 64 });
/** Regions and instance ids are names in the provider's system. */
const ForeignNameSchema = Type.String({ minLength: 1, maxLength: 64, pattern: '^[A-Za-z0-9._-]+$' });
const ProviderSchema = Type.Enum([...VM_PROVIDERS]);
const SizeSchema = Type.Enum([...VM_SIZES]);
const StatusSchema = Type.Enum([...VM_STATUSES]);
const TimeSchema = Type.String({ format: 'date-time' });

const TagsSchema = Type.Array(
  Type.Object(
    { key: Type.String({ minLength: 1, maxLength: 64 }), value: Type.String({ maxLength: 256 }) },
    { additionalProperties: false },
  ),
  { maxItems: 20 },
);

export const VmSchema = Type.Object(
  {
    id: Type.String(),
    name: NameSchema,
    provider: ProviderSchema,
    region: ForeignNameSchema,
    instanceId: ForeignNameSchema,
    size: SizeSchema,
    status: StatusSchema,
    tags: TagsSchema,
    createdAt: TimeSchema,
    updatedAt: TimeSchema,
    version: Type.Integer({ minimum: 1 }),
  },
  { additionalProperties: false },
);

export const VmPageSchema = Type.Object(
  {
    vms: Type.Array(VmSchema),
    total: Type.Integer({ minimum: 0 }),
    nextCursor: Type.Union([Type.String(), Type.Null()]),
  },
  { additionalProperties: false },
);

export const VmQuerySchema = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_PAGE_SIZE, default: DEFAULT_PAGE_SIZE })),
    cursor: Type.Optional(Type.String({ minLength: 1 })),
    status: Type.Optional(StatusSchema),
    provider: Type.Optional(ProviderSchema),
    region: Type.Optional(ForeignNameSchema),
    sort: Type.Optional(Type.Enum([...VM_SORTS])),
  },
  { additionalProperties: false },
);

export const NewVmSchema = Type.Object(
  {
    name: NameSchema,
    provider: ProviderSchema,
    region: ForeignNameSchema,
    size: Type.Optional(SizeSchema),
    instanceId: Type.Optional(ForeignNameSchema),
    tags: Type.Optional(TagsSchema),
  },
  { additionalProperties: false },
);

export const VmChangesSchema = Type.Object(
  { name: Type.Optional(NameSchema), size: Type.Optional(SizeSchema), tags: Type.Optional(TagsSchema) },
  { additionalProperties: false, minProperties: 1 },
);

export type VmAnswer = Static<typeof VmSchema>;

export const vmQuery = new Validator(VmQuerySchema);
export const newVm = new Validator(NewVmSchema);
export const vmChanges = new Validator(VmChangesSchema);
