/**
 * The schemas that have a name in the OpenAPI document. Wherever one of them is a part of another schema, a
 * reference stands in its place. They are recognized by identity: they are the objects that validate.
 */
import type { TSchema } from 'typebox';
import { IdSchema } from '../../contract/common-schema.ts';
import { SHAPES } from '../../contract/shapes.ts';
import { ProblemSchema } from '../problem-schema.ts';
import {
  HealthSchema,
  ProblemCauseListSchema,
  ProblemCauseSchema,
  ReadinessSchema,
  StartSchema,
} from '../service-endpoints.ts';
import { EventSchema } from './event-stream.ts';

/** JSON, as it stands in the document. */
export type JsonObject = { readonly [name: string]: unknown };

export const NAMED_SCHEMAS: Readonly<Record<string, TSchema>> = {
  ...SHAPES,
  Id: IdSchema,
  Event: EventSchema,
  Problem: ProblemSchema,
  ProblemCause: ProblemCauseSchema,
  ProblemCauseList: ProblemCauseListSchema,
  Start: StartSchema,
  Health: HealthSchema,
  Readiness: ReadinessSchema,
};

const NAMES: ReadonlyMap<unknown, string> = new Map(
  Object.entries(NAMED_SCHEMAS).map(([name, schema]) => [schema, name]),
);

/** Every named schema, written out. */
export function componentSchemas(): JsonObject {
  return Object.fromEntries(
    Object.entries(NAMED_SCHEMAS).map(([name, schema]) => [name, writtenOut(schema)]),
  );
}

/** A reference if the schema has a name, else the schema itself. */
export function schemaJson(schema: TSchema): JsonObject {
  return asJson(schema) as JsonObject;
}

export function reference(kind: 'schemas' | 'responses' | 'headers', name: string): JsonObject {
  return { $ref: `#/components/${kind}/${name}` };
}

function writtenOut(schema: object): JsonObject {
  const json = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, asJson(value)]));
  // TypeBox leaves the type out, and pages then show "any".
  const isOfTexts = Array.isArray(json['enum']) && json['enum'].every((value) => typeof value === 'string');
  return isOfTexts ? { type: 'string', ...json } : json;
}

function asJson(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asJson);
  if (typeof value !== 'object' || value === null) return value;
  const name = NAMES.get(value);
  return name === undefined ? writtenOut(value) : reference('schemas', name);
}
