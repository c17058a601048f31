/**
 * Says what is wrong with a value that has failed its schema. Called by Validator.
 *
 * Neither time nor memory grow with what a client sends. The walk follows the schema and looks only at what
 * the schema knows. It does not look into an array that is too long, and it stops at MAX_ERRORS.
 */
import Type, { type TArray, type TObject, type TSchema } from 'typebox';
import { Errors } from 'typebox/schema';
import type { ProblemError } from '../../runtime/application.ts';
import { PATTERN_MESSAGES } from '../contract/visible-text.ts';

/** Enough to correct a form. A nonsensical request gets no longer answer. */
const MAX_ERRORS = 20;

type Explanation = Generator<ProblemError, void>;

/** @returns 1 to MAX_ERRORS errors. A path is a JSON pointer (RFC 6901) */
export function explain(schema: TSchema, value: unknown): readonly ProblemError[] {
  const errors = errorsOf(schema, value, '').take(MAX_ERRORS).toArray();
  // This file does not know every keyword, but every refusal needs a reason.
  return errors.length > 0 ? errors : [{ path: '', message: 'does not match its schema' }];
}

function errorsOf(schema: TSchema, value: unknown, path: string): Explanation {
  if (Type.IsObject(schema) && isPlainObject(value)) return errorsOfObject(schema, value, path);
  if (Type.IsArray(schema) && Array.isArray(value)) return errorsOfArray(schema, value, path);
  return errorsOfSingle(schema, value, path);
}

function* errorsOfObject(
  schema: TObject,
  value: Readonly<Record<string, unknown>>,
  path: string,
): Explanation {
  const { properties, required, additionalProperties, minProperties = 0 } = schema as ObjectSchema;
  for (const name of required ?? []) {
    if (!Object.hasOwn(value, name)) yield { path: at(path, name), message: 'is required' };
  }
  const names = Object.keys(value);
  if (additionalProperties === false) yield* unknownFields(names, properties, path);
  for (const [name, property] of Object.entries(properties)) {
    if (Object.hasOwn(value, name)) yield* errorsOf(property, value[name], at(path, name));
  }
  if (names.length < minProperties) {
    yield { path, message: `must have at least ${counted(minProperties, 'field')}` };
  }
}

function* unknownFields(names: readonly string[], known: object, path: string): Explanation {
  for (const name of names) {
    if (!Object.hasOwn(known, name)) yield { path: at(path, name), message: 'is not a known field' };
  }
}

function* errorsOfArray(schema: TArray, items: readonly unknown[], path: string): Explanation {
  const { maxItems = Number.POSITIVE_INFINITY } = schema as ArraySchema;
  if (items.length > maxItems) {
    yield { path, message: `must not have more than ${counted(maxItems, 'item')}` };
    return;
  }
  for (const [index, item] of items.entries()) yield* errorsOf(schema.items, item, at(path, String(index)));
}

/**
 * For values without parts and values of another type than the schema asks for. typebox looks at them as a
 * whole.
 */
function* errorsOfSingle(schema: TSchema, value: unknown, path: string): Explanation {
  const [, errors] = Errors(schema, value);
  for (const error of errors) yield { path, message: messageOf(error) };
}

type SchemaError = ReturnType<typeof Errors>[1][number];

function messageOf(error: SchemaError): string {
  switch (error.keyword) {
    case 'enum':
      return `must be one of ${error.params.allowedValues.join(', ')}`;
    case 'minLength':
      return `must have at least ${counted(error.params.limit, 'character')}`;
    case 'pattern':
      return PATTERN_MESSAGES.get(String(error.params.pattern)) ?? error.message;
    default:
      return error.message;
  }
}

/** Keywords that typebox's types do not declare. */
type ObjectSchema = TObject & { readonly additionalProperties?: unknown; readonly minProperties?: number };
type ArraySchema = TArray & { readonly maxItems?: number };

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function counted(count: number | bigint, noun: string): string {
  return `${count} ${noun}${Number(count) === 1 ? '' : 's'}`;
}

function at(path: string, name: string): string {
  return `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
