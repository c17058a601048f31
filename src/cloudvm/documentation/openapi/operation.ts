/** One operation of the document: a route, and what it takes and answers. */
import type { EndpointDescription, SuccessAnswer } from '../../contract/endpoint.ts';
import type { Route } from '../../contract/routes.ts';
import { commonHeaders } from './common-headers.ts';
import { type JsonObject, schemaJson } from './component-schemas.ts';
import { EventStreamSchema } from './event-stream.ts';
import { parametersOf } from './parameters.ts';
import type { Refusals } from './refusals.ts';

/** The name of the security scheme. */
export const BEARER = 'bearer';

export function operation(route: Route, endpoint: EndpointDescription, refusals: Refusals): JsonObject {
  const { operationId, access } = route;
  const { group, summary, description, body, success } = endpoint;
  const parameters = parametersOf(route, endpoint);
  return {
    operationId,
    tags: [group],
    summary,
    ...(description !== undefined && { description }),
    security: access === 'user' ? [{ [BEARER]: [] }] : [],
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && {
      requestBody: { required: true, content: { 'application/json': { schema: schemaJson(body.schema) } } },
    }),
    responses: {
      [success.status]: successResponse(success, commonHeaders(route)),
      ...(isConditional(route, endpoint) && { 304: notModified(success, commonHeaders(route)) }),
      ...refusals.responsesOf(route, endpoint),
    },
  };
}

function successResponse(
  { description, headers = {}, schema, contentType }: SuccessAnswer,
  common: JsonObject,
): JsonObject {
  const content = {
    ...(schema !== undefined && { 'application/json': { schema: schemaJson(schema) } }),
    ...(contentType !== undefined && { [contentType]: { schema: textSchema(contentType) } }),
  };
  return {
    description,
    headers: { ...headerObjects(headers), ...common },
    ...(Object.keys(content).length > 0 && { content }),
  };
}

function isConditional({ method }: Route, { fields = [] }: EndpointDescription): boolean {
  return method === 'get' && fields.includes('If-None-Match');
}

function notModified({ headers = {} }: SuccessAnswer, common: JsonObject): JsonObject {
  return { description: 'The client has it already.', headers: { ...headerObjects(headers), ...common } };
}

/** `Retry-After` comes only while there is something to wait for, the other one only with a repetition. */
const OPTIONAL_FIELDS: readonly string[] = ['Retry-After', 'Idempotent-Replayed'];

function headerObjects(headers: Readonly<Record<string, string>>): JsonObject {
  return Object.fromEntries(
    Object.entries(headers).map(([name, description]) => [
      name,
      { description, required: !OPTIONAL_FIELDS.includes(name), schema: { type: 'string' } },
    ]),
  );
}

function textSchema(contentType: string): JsonObject {
  return contentType === 'text/event-stream' ? schemaJson(EventStreamSchema) : { type: 'string' };
}
