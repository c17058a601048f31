/** What a request brings in its path, its query and its header fields, as parameters of OpenAPI. */
import Type, { type TObject, type TSchema } from 'typebox';
import { IdSchema } from '../../contract/common-schema.ts';
import type { EndpointDescription, RequestField } from '../../contract/endpoint.ts';
import { PROBLEM_CAUSES } from '../../contract/problem-catalogue.ts';
import type { Route } from '../../contract/routes.ts';
import { IDEMPOTENCY_KEY_PATTERN } from '../../idempotency/idempotency-key.ts';
import { tagKey } from '../../vms/vm-schema.ts';
import { type JsonObject, schemaJson } from './component-schemas.ts';

interface Described {
  readonly description: string;
  readonly schema: TSchema;
}

const PATH_PARAMETERS: Readonly<Record<string, Described>> = {
  id: { description: 'The id, from an earlier answer.', schema: IdSchema },
  key: { description: 'The key of the tag, percent-encoded.', schema: tagKey.schema },
  name: {
    description: 'The last part of the `type` of a problem.',
    schema: Type.Enum(Object.keys(PROBLEM_CAUSES)),
  },
};

/** A list of entity tags, or `*` (RFC 9110, section 8.8.3). */
const TAG = '(?:W/)?"[!#-~]*"';
const TagsSchema = Type.String({
  pattern: `^(?:\\*|${TAG}(?:[ \\t]*,[ \\t]*${TAG})*)$`,
  examples: ['"3"'],
});

const REQUEST_FIELDS: Readonly<Record<RequestField, Described>> = {
  'If-Match': {
    description: 'Go on only if the present `ETag` is one of these, or, with `*`, if there is any. Else 412.',
    schema: TagsSchema,
  },
  'If-None-Match': {
    description:
      'Go on only if the present `ETag` is none of these, or, with `*`, if there is none. Else 412.',
    schema: TagsSchema,
  },
  'Idempotency-Key': {
    description:
      'Chosen by the client, new for each new request. A request that is sent again with the same key within 24 hours is carried out once.',
    schema: Type.String({
      pattern: IDEMPOTENCY_KEY_PATTERN,
      examples: ['8e03978e-40d5-43dd-bc93-6894a57f9324'],
    }),
  },
  'Last-Event-ID': {
    description: 'The `id` of the last event that the client has seen.',
    schema: Type.String(),
  },
};

/** A list that is malformed matches nothing, and the client gets everything. */
const IF_NONE_MATCH_OF_READS: Described = {
  description: 'The `ETag` of what the client has. It gets 304 if that is still the present one.',
  schema: Type.String({ examples: ['"3"'] }),
};

export function parametersOf({ method, path }: Route, endpoint: EndpointDescription): JsonObject[] {
  return [
    ...parameterNames(path).map(pathParameter),
    ...queryParameters(endpoint.query?.schema),
    ...(endpoint.fields ?? []).map((name) => parameter('header', name, requestField(name, method))),
  ];
}

function requestField(name: RequestField, method: Route['method']): Described {
  return name === 'If-None-Match' && method === 'get' ? IF_NONE_MATCH_OF_READS : REQUEST_FIELDS[name];
}

/** `/api/vms/:id` as OpenAPI writes it: `/api/vms/{id}`. */
export function pathTemplate(path: string): string {
  return path.replace(/:(\w+)/g, '{$1}');
}

function parameterNames(path: string): string[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => name);
}

function pathParameter(name: string): JsonObject {
  const described = PATH_PARAMETERS[name];
  if (described === undefined) throw new Error(`The parameter ${name} of a path is not described`);
  return { ...parameter('path', name, described), required: true };
}

/** A name that may be repeated has an array, in OpenAPI's style `form` with `explode`. */
function queryParameters(schema: TObject | undefined): JsonObject[] {
  return Object.entries(schema?.properties ?? {}).map(([name, property]) => {
    const { description, ...rest } = schemaJson(property);
    return {
      name,
      in: 'query',
      ...(description !== undefined && { description }),
      required: schema?.required?.includes(name) ?? false,
      ...(rest['type'] === 'array' && { style: 'form', explode: true }),
      schema: rest,
    };
  });
}

function parameter(place: 'path' | 'header', name: string, { description, schema }: Described): JsonObject {
  return { name, in: place, description, schema: schemaJson(schema) };
}
