/** Serializers that are compiled from the shapes of answers, as Fastify compiles them for its users. */
import fastJsonStringify, { type ObjectSchema, type Schema } from 'fast-json-stringify';

const STRING = { type: 'string' } as const;
const INTEGER = { type: 'integer' } as const;
const TIME = { type: 'string', format: 'date-time' } as const;

const VM = object({
  id: STRING,
  name: STRING,
  provider: STRING,
  region: STRING,
  instanceId: STRING,
  size: STRING,
  status: STRING,
  tags: { type: 'array', items: object({ key: STRING, value: STRING }) },
  createdAt: TIME,
  updatedAt: TIME,
  version: INTEGER,
});

const VM_PAGE = object({
  vms: { type: 'array', items: VM },
  total: INTEGER,
  nextCursor: { type: 'string', nullable: true },
});

const SESSION = object({
  token: STRING,
  expiresAt: STRING,
  user: object({ id: STRING, email: STRING, username: STRING }),
});

export const vmJson = fastJsonStringify(VM);
export const pageJson = fastJsonStringify(VM_PAGE);
export const sessionJson = fastJsonStringify(SESSION);

/** Without optional fields, of which the serializer is the faster. */
function object(properties: Record<string, Schema>): ObjectSchema {
  return { type: 'object', required: Object.keys(properties), properties };
}
