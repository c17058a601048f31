/**
 * The shapes of VMs and of the queries and bodies about them, as the contract states them. Used by the VM
 * controller.
 */
import Type, { type Static } from 'typebox';
import type { ProblemError } from '../../runtime/application.ts';
import {
  CursorSchema,
  IdSchema,
  LimitSchema,
  NextCursorSchema,
  TimeSchema,
  TotalSchema,
} from '../contract/common-schema.ts';
import { VISIBLE, VISIBLE_AND_NOT_BLANK } from '../contract/visible-text.ts';
import { Validator } from '../validation/validator.ts';
import { VM_SORTS } from './repository/vm-cursor.ts';
import { MAX_TAGS, VM_PROVIDERS, VM_SIZES, VM_STATUSES } from './vm.ts';

const NameSchema = Type.String({
  minLength: 1,
  maxLength: 64,
  pattern: VISIBLE_AND_NOT_BLANK,
  description: 'What you call the VM. Without invisible characters.',
  examples: ['web-1'],
});
/** A name in the provider's system. */
const FOREIGN_NAME = { minLength: 1, maxLength: 64, pattern: '^[A-Za-z0-9._-]+$' };
const RegionSchema = Type.String({
  ...FOREIGN_NAME,
  description: 'The region, as the provider calls it.',
  examples: ['eu-central-1'],
});
const InstanceIdSchema = Type.String({
  ...FOREIGN_NAME,
  description: 'The VM, as the provider calls it.',
  examples: ['i-66a1f0c2e4b0a1b2c3d4e5f6'],
});
const ProviderSchema = Type.Enum([...VM_PROVIDERS], { description: 'Who runs the VM.' });
const SizeSchema = Type.Enum([...VM_SIZES], { default: 'small' });
const StatusSchema = Type.Enum([...VM_STATUSES]);

const TagKeySchema = Type.String({
  minLength: 1,
  maxLength: 64,
  pattern: VISIBLE_AND_NOT_BLANK,
  examples: ['environment'],
});
const TagValueSchema = Type.String({ maxLength: 256, pattern: VISIBLE, examples: ['production'] });

const TagsSchema = Type.Array(
  Type.Object({ key: TagKeySchema, value: TagValueSchema }, { additionalProperties: false }),
  { maxItems: MAX_TAGS, description: 'Each key once.' },
);

export const VmSchema = Type.Object(
  {
    id: IdSchema,
    name: NameSchema,
    provider: ProviderSchema,
    region: RegionSchema,
    instanceId: InstanceIdSchema,
    size: SizeSchema,
    status: StatusSchema,
    tags: TagsSchema,
    createdAt: TimeSchema,
    updatedAt: TimeSchema,
    version: Type.Integer({
      minimum: 1,
      description: 'Grows with every change. The `ETag` is made from it.',
    }),
  },
  {
    additionalProperties: false,
    description: 'A virtual machine.',
    examples: [
      {
        id: '66a1f0c2e4b0a1b2c3d4e5f6',
        name: 'web-1',
        provider: 'local',
        region: 'eu-central-1',
        instanceId: 'i-66a1f0c2e4b0a1b2c3d4e5f6',
        size: 'small',
        status: 'running',
        tags: [{ key: 'environment', value: 'production' }],
        createdAt: '2026-05-01T12:00:00.000Z',
        updatedAt: '2026-05-01T12:00:00.262Z',
        version: 2,
      },
    ],
  },
);

export const VmPageSchema = Type.Object(
  { vms: Type.Array(VmSchema), total: TotalSchema, nextCursor: NextCursorSchema },
  { additionalProperties: false, description: 'VMs, in the order that was asked for.' },
);

/** `key` or `key:value`. A key may have a colon itself, so the text is not divided here. */
const TagFilterSchema = Type.String({ minLength: 1, maxLength: 64 + 1 + 256 });

export const VmQuerySchema = Type.Object(
  {
    limit: Type.Optional(LimitSchema),
    cursor: Type.Optional(CursorSchema),
    status: Type.Optional(
      Type.Array(StatusSchema, {
        minItems: 1,
        maxItems: VM_STATUSES.length,
        description: 'Only VMs with one of these statuses. May be repeated.',
      }),
    ),
    provider: Type.Optional(ProviderSchema),
    region: Type.Optional(RegionSchema),
    name: Type.Optional(NameSchema),
    tag: Type.Optional(
      Type.Array(TagFilterSchema, {
        minItems: 1,
        maxItems: MAX_TAGS,
        description:
          'Only VMs with this tag: `key`, or `key:value`. May be repeated: then VMs must have all of them.',
        examples: [['environment:production']],
      }),
    ),
    sort: Type.Optional(
      Type.Enum([...VM_SORTS], {
        default: '-createdAt',
        description: 'By time or by name. With `-`, the newest or the last name comes first.',
      }),
    ),
  },
  { additionalProperties: false },
);

export const NewVmSchema = Type.Object(
  {
    name: NameSchema,
    provider: ProviderSchema,
    region: RegionSchema,
    size: Type.Optional(SizeSchema),
    instanceId: Type.Optional(InstanceIdSchema),
    tags: Type.Optional(TagsSchema),
  },
  {
    additionalProperties: false,
    examples: [{ name: 'web-1', provider: 'local', region: 'eu-central-1', size: 'small' }],
  },
);

export const VmChangesSchema = Type.Object(
  { name: Type.Optional(NameSchema), size: Type.Optional(SizeSchema), tags: Type.Optional(TagsSchema) },
  { additionalProperties: false, minProperties: 1, examples: [{ name: 'web-2' }] },
);

export const TagValueBodySchema = Type.Object(
  { value: TagValueSchema },
  { additionalProperties: false, examples: [{ value: 'production' }] },
);

export type VmAnswer = Static<typeof VmSchema>;
export type VmPageAnswer = Static<typeof VmPageSchema>;
export type VmListQuery = Static<typeof VmQuerySchema>;
export type NewVmBody = Static<typeof NewVmSchema>;
export type VmChangesBody = Static<typeof VmChangesSchema>;
export type TagValueBody = Static<typeof TagValueBodySchema>;

export const vmQuery = new Validator(VmQuerySchema);
export const newVm = new Validator(NewVmSchema, repeatedTagKeys);
export const vmChanges = new Validator(VmChangesSchema, repeatedTagKeys);
export const tagKey = new Validator(TagKeySchema);
export const tagValue = new Validator(TagValueBodySchema);

/** What JSON Schema cannot say: the key of a tag occurs once. */
function repeatedTagKeys({ tags = [] }: Pick<VmChangesBody, 'tags'>): readonly ProblemError[] {
  const keys = new Set<string>();
  return tags.flatMap(({ key }, index) => {
    if (keys.has(key)) return [{ path: `/tags/${index}/key`, message: 'is the key of a tag before it' }];
    keys.add(key);
    return [];
  });
}
