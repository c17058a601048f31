/**
 * Checks a body or a query against a schema. A value that passes has the schema's type. Any other is answered
 * with 422 and a list of what is wrong. Schemas are compiled once, when a worker loads the module that
 * declares them.
 */
import type { Static, TSchema } from 'typebox';
// 'typebox/compile' would do the same and take a megabyte more in every worker.
import { Compile, type Validator as CompiledSchema } from 'typebox/schema';
import { HttpProblem, type ProblemError } from '../../runtime/application.ts';
import { explain } from './explain.ts';

/** The name of an unknown field may be of any length. */
const MAX_PATH_CHARACTERS = 200;

export class Validator<Schema extends TSchema> {
  readonly schema: Schema;
  readonly #compiled: CompiledSchema<Schema>;
  readonly #alsoCheck: ((value: Static<Schema>) => readonly ProblemError[]) | undefined;

  /** @param alsoCheck says what else is wrong with a value that matches the schema */
  constructor(schema: Schema, alsoCheck?: (value: Static<Schema>) => readonly ProblemError[]) {
    this.schema = schema;
    this.#alsoCheck = alsoCheck;
    this.#compiled = Compile(schema);
  }

  /** @returns the value itself. @throws HttpProblem 422 */
  validate(value: unknown): Static<Schema> {
    if (!this.#compiled.Check(value)) throw invalid(explain(this.schema, value));
    const errors = this.#alsoCheck?.(value) ?? [];
    if (errors.length > 0) throw invalid(errors);
    return value;
  }
}

/** 422 with what is wrong, and where. */
export function invalid(errors: readonly ProblemError[]): HttpProblem {
  return new HttpProblem(422, 'The request does not match its schema. See errors.', {
    errors: errors.map(({ path, message }) => ({ path: shorten(path), message })),
  });
}

function shorten(path: string): string {
  return path.length <= MAX_PATH_CHARACTERS ? path : `${path.slice(0, MAX_PATH_CHARACTERS)}…`;
}
