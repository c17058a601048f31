/**
 * The schemas of a route, and the handler that gets the values which have passed them. The router lists them
 * (`router.routes`), so that an application can describe its routes in a document.
 */
import { RouterError } from '../application-errors.ts';
import type { Request } from '../request/request.ts';
import { RequestKey } from '../request/request-key.ts';
import type { Response } from '../response/response.ts';
import type { Handler } from '../routing/handler.ts';
import { PARTS, type RoutePart, readPart } from './request-parts.ts';
import type { Schema, SchemaResult } from './schema.ts';
import { schemaProblem } from './schema-problem.ts';

export interface RouteSchemas<Body = unknown, Query = unknown, Parameters = unknown> {
  /** Of the parameters as text, by name. */
  readonly parameters?: Schema<Parameters>;
  /** Of the query as text by name. A name that comes more than once has an array. */
  readonly query?: Schema<Query>;
  /** Of the JSON that the request brings. */
  readonly body?: Schema<Body>;
  /** Of the JSON that the route answers, by status. They are listed and not checked. */
  readonly responses?: Readonly<Record<number, Schema>>;
}

/** What a request has brought. A part for which the route has no schema is undefined. */
export interface RouteValues<Body, Query, Parameters> {
  readonly parameters: Parameters;
  readonly query: Query;
  readonly body: Body;
}

/** A handler that gets the values which have passed the schemas of its route. */
export type SchemaHandler<Body, Query, Parameters, Name extends string = never> = (
  request: Request<Name>,
  response: Response,
  values: RouteValues<Body, Query, Parameters>,
) => void | Promise<void>;

type CheckedPart = readonly [part: RoutePart, schema: Schema];
type UncheckedValues = Partial<Record<RoutePart, unknown>>;

type Check = (request: Request) => void | Promise<void>;

interface Made<Name extends string> {
  readonly schemas: RouteSchemas;
  readonly steps: readonly [check: Check, answer: Handler<Name>];
}

/** What `withSchema` has made. */
const made = new WeakMap<Handler<string>, Made<string>>();

/**
 * Makes a handler that reads and checks the parts of the request for which there are schemas, and then calls
 * `handler` with their values. Another media type than JSON is answered with 415, what is not JSON with 400,
 * and what does not match with 422 and a list of what is wrong, and where.
 * @throws RouterError for what is no schema
 */
export function withSchema<
  Body = undefined,
  Query = undefined,
  Parameters = undefined,
  Name extends string = never,
>(
  schemas: RouteSchemas<Body, Query, Parameters>,
  handler: SchemaHandler<Body, Query, Parameters, Name>,
): Handler<Name> {
  const steps = stepsFor(schemas, handler);
  const [check, answer] = steps;
  const checkAndAnswer: Handler<Name> = (request, response) => {
    const checking = check(request);
    return checking === undefined
      ? answer(request, response)
      : checking.then(() => answer(request, response));
  };
  // The log names the handler of a route.
  Object.defineProperty(checkAndAnswer, 'name', { value: handler.name });
  made.set(checkAndAnswer, { schemas: schemasIn(schemas), steps });
  return checkAndAnswer;
}

/** The schemas that `withSchema` has given to a handler. */
export function schemasOf(handler: Handler<string>): RouteSchemas | undefined {
  return made.get(handler)?.schemas;
}

/** A handler of `withSchema` as two steps, so that the pipeline can do something between them. */
export function stepsOf(handler: Handler<string>): readonly Handler<string>[] {
  return made.get(handler)?.steps ?? [handler];
}

/** Whether anything of a request is to be checked. */
export function checksRequest(schemas: RouteSchemas): boolean {
  return PARTS.some((part) => schemas[part] !== undefined);
}

/** The schemas among the options of a route. */
export function schemasIn({ parameters, query, body, responses }: RouteSchemas): RouteSchemas {
  const schemas = { parameters, query, body, responses };
  return Object.fromEntries(Object.entries(schemas).filter(([, schema]) => schema !== undefined));
}

function stepsFor<Body, Query, Parameters, Name extends string>(
  schemas: RouteSchemas<Body, Query, Parameters>,
  handler: SchemaHandler<Body, Query, Parameters, Name>,
): Made<Name>['steps'] {
  const parts = checkedParts(schemas);
  // Each part has passed its schema, whose type it has.
  const passedValues = new RequestKey<RouteValues<Body, Query, Parameters>>('values of the schemas');
  const keep = (request: Request, values: UncheckedValues) =>
    request.set(passedValues, values as RouteValues<Body, Query, Parameters>);
  const check: Check = (request) => {
    const values = readFrom(0, parts, request, {});
    if (!(values instanceof Promise)) return keep(request, values);
    return values.then((settled) => keep(request, settled));
  };
  const answer: Handler<Name> = (request, response) =>
    handler(request, response, request.require(passedValues));
  Object.defineProperty(answer, 'name', { value: handler.name });
  return [check, answer];
}

function checkedParts(schemas: RouteSchemas): readonly CheckedPart[] {
  return PARTS.flatMap((part) => {
    const schema = schemas[part];
    if (schema === undefined) return [];
    assertSchema(schema, part);
    return [[part, schema] as const];
  });
}

function assertSchema(schema: Schema, part: RoutePart): void {
  if (typeof schema['~standard']?.validate === 'function') return;
  throw new RouterError(
    'ERR_ROUTE_SCHEMA',
    `The schema of the ${part} has no "~standard".validate (standardschema.dev)`,
  );
}

/** Reads and checks one part after the other. @returns a promise only if a schema is asynchronous */
function readFrom(
  first: number,
  parts: readonly CheckedPart[],
  request: Request,
  values: UncheckedValues,
): UncheckedValues | Promise<UncheckedValues> {
  for (let index = first; index < parts.length; index++) {
    const [part, schema] = parts[index] as CheckedPart;
    const result = schema['~standard'].validate(readPart(part, request));
    if (result instanceof Promise) {
      return result.then((settled) => {
        values[part] = passed(settled, part);
        return readFrom(index + 1, parts, request, values);
      });
    }
    values[part] = passed(result, part);
  }
  return values;
}

/** @throws HttpProblem 422 */
function passed(result: SchemaResult<unknown>, part: RoutePart): unknown {
  if (result.issues === undefined) return result.value;
  throw schemaProblem(result.issues, part);
}
