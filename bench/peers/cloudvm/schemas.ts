/**
 * The shapes of requests as plain JSON schemas, for Fastify's validator. They are this server's, which a test
 * compares. They are written down again, because this server's modules load the library that theirs are made
 * with.
 */
import { VISIBLE, VISIBLE_AND_NOT_BLANK } from '../../../src/cloudvm/contract/visible-text.ts';

const SHORT = { type: 'string', minLength: 1, maxLength: 64 } as const;
const NAME = { ...SHORT, pattern: VISIBLE_AND_NOT_BLANK } as const;
const FOREIGN_NAME = { ...SHORT, pattern: '^[A-Za-z0-9._-]+$' } as const;
const PROVIDER = { enum: ['aws', 'azure', 'gcp', 'local'] } as const;
const SIZE = { enum: ['small', 'medium', 'large'] } as const;
const STATUS = { enum: ['pending', 'running', 'stopping', 'stopped', 'error'] } as const;

const TAGS = {
  type: 'array',
  items: {
    type: 'object',
    additionalProperties: false,
    required: ['key', 'value'],
    properties: {
      key: NAME,
      value: { type: 'string', maxLength: 256, pattern: VISIBLE },
    },
  },
  maxItems: 20,
} as const;

export const VM_QUERY = {
  type: 'object',
  additionalProperties: false,
  properties: {
    limit: { type: 'integer', minimum: 1, maximum: 100 },
    cursor: { type: 'string', minLength: 1 },
    status: { type: 'array', items: STATUS, minItems: 1, maxItems: 5 },
    provider: PROVIDER,
    region: FOREIGN_NAME,
    name: NAME,
    tag: {
      type: 'array',
      items: { type: 'string', minLength: 1, maxLength: 321 },
      minItems: 1,
      maxItems: 20,
    },
    sort: { enum: ['createdAt', '-createdAt', 'name', '-name'] },
  },
} as const;

export const NEW_VM = {
  type: 'object',
  additionalProperties: false,
  required: ['name', 'provider', 'region'],
  properties: {
    name: NAME,
    provider: PROVIDER,
    region: FOREIGN_NAME,
    size: SIZE,
    instanceId: FOREIGN_NAME,
    tags: TAGS,
  },
} as const;

export const LOGIN = {
  type: 'object',
  additionalProperties: false,
  required: ['email', 'password'],
  properties: {
    email: { type: 'string', maxLength: 254 },
    password: { type: 'string', maxLength: 128 },
  },
} as const;
