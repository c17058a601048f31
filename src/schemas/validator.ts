/**
 * Turns a schema into the check of a body or a query: what passes has the schema's type, what does not is
 * answered with 422 and a list of what is wrong. Schemas are compiled when a worker loads this module; the
 * same schemas describe the API in its documentation.
 */
import type { Static, TSchema } from 'typebox';
import type { TLocalizedValidationError } from 'typebox/error';
// A megabyte less in every worker than 'typebox/compile', of which nothing more is needed.
import { Compile, type Validator as CompiledSchema } from 'typebox/schema';
import { HttpProblem, type ProblemError } from '../http/problem.ts';

/** Enough to correct a form; a client that sends nonsense gets no long answer for it. */
const MAX_ERRORS = 20;
/** The schema bounds lengths, but the name of an unknown field is the client's. */
const MAX_PATH_CHARACTERS = 200;

export class Validator<Schema extends TSchema> {
  readonly schema: Schema;
  readonly #compiled: CompiledSchema<Schema>;

  constructor(schema: Schema) {
    this.schema = schema;
    this.#compiled = Compile(schema);
  }

  /** @returns the value itself. @throws HttpProblem 422 */
  validate(value: unknown): Static<Schema> {
    if (this.#compiled.Check(value)) return value;
    const [, errors] = this.#compiled.Errors(value);
    throw invalid(errors.flatMap(toProblemErrors));
  }
}

/** 422 with what is wrong where. */
export function invalid(errors: readonly ProblemError[]): HttpProblem {
  return new HttpProblem(422, 'The request does not match its schema; see errors.', {
    errors: errors.slice(0, MAX_ERRORS).map(({ path, message }) => ({ path: shorten(path), message })),
  });
}

/** One entry for each field that is missing, unknown or wrong; its path is a JSON pointer (RFC 6901). */
function toProblemErrors(error: TLocalizedValidationError): readonly ProblemError[] {
  const path = error.instancePath;
  switch (error.keyword) {
    case 'required':
      return error.params.requiredProperties.map((name) => ({
        path: at(path, name),
        message: 'is required',
      }));
    case 'additionalProperties':
      return error.params.additionalProperties.map((name) => ({
        path: at(path, name),
        message: 'is not a known field',
      }));
    case 'boolean':
      // Said a second time, as the additional property that it is.
      return [];
    case 'enum':
      return [{ path, message: `must be one of ${error.params.allowedValues.join(', ')}` }];
    case 'minLength':
      return [{ path, message: `must have at least ${counted(error.params.limit, 'character')}` }];
    case 'minProperties':
      return [{ path, message: `must have at least ${counted(error.params.limit, 'field')}` }];
    default:
      return [{ path, message: error.message }];
  }
}

function counted(count: number | bigint, noun: string): string {
  return `${count} ${noun}${Number(count) === 1 ? '' : 's'}`;
}

function at(path: string, name: string): string {
  return `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

function shorten(path: string): string {
  return path.length <= MAX_PATH_CHARACTERS ? path : `${path.slice(0, MAX_PATH_CHARACTERS)}…`;
}
