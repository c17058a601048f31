/**
 * Writes the types of the client out: the same names as in src/cloudvm/contract/client-contract.ts, but as
 * plain interfaces made from the schemas, so that a program that uses the package needs no schema to be
 * checked. Called by client.ts.
 */
import type { EndpointDescription } from '../src/cloudvm/contract/endpoint.ts';
import { ENDPOINTS } from '../src/cloudvm/contract/endpoints.ts';
import { PROBLEM_CAUSES } from '../src/cloudvm/contract/problem-catalogue.ts';
import { ROUTES } from '../src/cloudvm/contract/routes.ts';
import { QUERY_SHAPES, SHAPES } from '../src/cloudvm/contract/shapes.ts';
import { EVENT_SCHEMAS } from '../src/cloudvm/events/event-schema.ts';

/** The keywords of JSON Schema that the schemas of the API use and types can say. */
interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[] | undefined;
}

const NAMED: Readonly<Record<string, Schema>> = { ...SHAPES, ...QUERY_SHAPES };
const NAMES: ReadonlyMap<unknown, string> = new Map(
  Object.entries(NAMED).map(([name, schema]) => [schema, name]),
);

const PRIMITIVES: Readonly<Record<string, string>> = {
  string: 'string',
  integer: 'number',
  number: 'number',
  boolean: 'boolean',
  null: 'null',
};

/** The text of a module that has types alone, but for the list of routes. */
export function clientTypes(): string {
  const shapes = Object.entries(NAMED).map(
    ([name, schema]) => `${comment(schema, '')}export interface ${name} ${objectType(schema, '')}\n`,
  );
  return `${[
    '/** What the routes take and answer. Made from the schemas of the server. */',
    "export { type OperationId, ROUTES } from './routes.ts';\n",
    ...shapes,
    events(),
    calls(),
    `export type ProblemName = ${union(Object.keys(PROBLEM_CAUSES))};\n`,
    `export type TakesIdempotencyKey = ${union(idsOf(({ fields }) => fields?.includes('Idempotency-Key')))};\n`,
    `export type StartsOperation = ${union(idsOf(({ success }) => success.headers?.['Operation-Location']))};`,
  ].join('\n')}\n`;
}

function events(): string {
  const members = Object.entries(EVENT_SCHEMAS).map(
    ([name, schema]) =>
      `  | { readonly event: '${name}'; readonly id: string; readonly data: ${typeOf(schema, '')} }`,
  );
  return `export type CloudVmEvent =\n${members.join('\n')};\n`;
}

function calls(): string {
  const members = ROUTES.map(({ operationId }) => {
    const { query, body, success }: EndpointDescription = ENDPOINTS[operationId];
    const parts = { query: query?.schema, body: body?.schema, answer: success.schema };
    const types = Object.entries(parts).map(
      ([part, schema]) => `${part}: ${schema === undefined ? 'undefined' : typeOf(schema, '')}`,
    );
    return `  ${operationId}: { ${types.join('; ')} };\n`;
  });
  return `/** By operation id. */\nexport interface Calls {\n${members.join('')}}\n`;
}

function idsOf(matches: (endpoint: EndpointDescription) => unknown): readonly string[] {
  return ROUTES.map(({ operationId }) => operationId).filter((id) => Boolean(matches(ENDPOINTS[id])));
}

/** A name where the schema has one, else its type. @throws Error for what types cannot say yet */
function typeOf(schema: Schema, indent: string): string {
  const name = NAMES.get(schema);
  if (name !== undefined) return name;
  if (schema.enum !== undefined) return union(schema.enum);
  if (schema.const !== undefined) return union([schema.const]);
  if (schema.anyOf !== undefined) return schema.anyOf.map((one) => typeOf(one, indent)).join(' | ');
  if (schema.items !== undefined) return `Array<${typeOf(schema.items, indent)}>`;
  if (schema.properties !== undefined) return objectType(schema, indent);
  const primitive = PRIMITIVES[schema.type ?? ''];
  if (primitive === undefined) throw new Error(`No type can be made of ${JSON.stringify(schema)}`);
  return primitive;
}

function objectType({ properties = {}, required = [] }: Schema, indent: string): string {
  const inner = `${indent}  `;
  const members = Object.entries(properties).map(
    ([name, schema]) =>
      `${commentOfPart(schema, inner)}${inner}${name}${required.includes(name) ? '' : '?'}: ${typeOf(schema, inner)};\n`,
  );
  return `{\n${members.join('')}${indent}}`;
}

/** A part with a name of its own is explained where that name is declared. */
function commentOfPart(schema: Schema, indent: string): string {
  return NAMES.has(schema) ? '' : comment(schema, indent);
}

function comment({ description }: Schema, indent: string): string {
  return description === undefined ? '' : `${indent}/** ${description.replaceAll('*/', '* /')} */\n`;
}

function union(values: readonly unknown[]): string {
  return values.length === 0 ? 'never' : values.map((value) => JSON.stringify(value)).join(' | ');
}
