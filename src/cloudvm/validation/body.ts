/**
 * Reads and validates the JSON body of a request. Called by controllers, which get a value of the schema's
 * type or do not run on: 415 for another media type, 400 for what is no JSON, 422 for what breaks the schema.
 */
import type { Static, TSchema } from 'typebox';
import { HttpProblem, type Request } from '../../runtime/application.ts';
import type { Validator } from './validator.ts';

/** Only an escape can make a lone surrogate: the bytes of the body were checked to be UTF-8. */
const SURROGATE_ESCAPE = /\\ud[89a-f]/i;

/** @throws HttpProblem 400, 415, 422 */
export function readBody<Schema extends TSchema>(
  request: Request,
  validator: Validator<Schema>,
): Static<Schema> {
  const body = validator.validate(request.json());
  if (SURROGATE_ESCAPE.test(request.text()) && !isWellFormed(body)) {
    // No UTF-8 can say it (RFC 8259, section 8.2): it would come back as another text than was stored.
    throw new HttpProblem(400, 'The body has an escape that is half of a surrogate pair.');
  }
  return body;
}

/** Only for a value that has passed its schema, which bounds its depth. */
function isWellFormed(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed();
  if (typeof value !== 'object' || value === null) return true;
  return Object.values(value).every(isWellFormed);
}
