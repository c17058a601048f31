/**
 * Reads and validates the query of a request. Called by controllers. A query has only text, so if the
 * schema says integer, the plain form of one becomes a number. The schema refuses everything else.
 */
import type { Static, TObject } from 'typebox';
import type { Request } from '../../runtime/application.ts';
import type { Validator } from './validator.ts';

/** No sign, no leading zero, no exponent, and small enough to be an exact number. */
const PLAIN_INTEGER = /^(?:0|[1-9]\d{0,14})$/;

/** A name that comes twice is an array, which the schema refuses. @throws HttpProblem 400, 422 */
export function readQuery<Schema extends TObject>(
  request: Request,
  validator: Validator<Schema>,
): Static<Schema> {
  const query: Record<string, unknown> = request.query.toObject();
  for (const [name, property] of Object.entries(validator.schema.properties)) {
    const text = query[name];
    if (!isInteger(property) || typeof text !== 'string' || !PLAIN_INTEGER.test(text)) continue;
    query[name] = Number(text);
  }
  return validator.validate(query);
}

function isInteger(schema: object): boolean {
  return 'type' in schema && schema.type === 'integer';
}
