/**
 * Turns a schema into the check of a body or a query: what passes has the schema's type, what does not is
 * answered with 422 and a list of what is wrong. Schemas are compiled when a worker loads this module; the
 * same schemas describe the API in its documentation.
 */
import type { Static, TSchema } from 'typebox';
// A megabyte less in every worker than 'typebox/compile', of which nothing more is needed.
import { Compile, type Validator as CompiledSchema } from 'typebox/schema';
import { HttpProblem, type ProblemError } from '../../runtime/application.ts';
import { explain } from './explain.ts';

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
    throw invalid(explain(this.schema, value));
  }
}

/** 422 with what is wrong where. */
export function invalid(errors: readonly ProblemError[]): HttpProblem {
  return new HttpProblem(422, 'The request does not match its schema; see errors.', {
    errors: errors.map(({ path, message }) => ({ path: shorten(path), message })),
  });
}

function shorten(path: string): string {
  return path.length <= MAX_PATH_CHARACTERS ? path : `${path.slice(0, MAX_PATH_CHARACTERS)}…`;
}
