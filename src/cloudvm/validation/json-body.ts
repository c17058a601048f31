/**
 * Reads and validates the JSON body of a request. Called by controllers, which get a value of the schema's
 * type. Another media type is answered with 415, a body that is not JSON with 400, one that breaks the schema
 * with 422.
 */
import type { Static, TSchema } from 'typebox';
import { HttpProblem, type Request } from '../../runtime/application.ts';
import type { Validator } from './validator.ts';

/** Only an escape can make a lone surrogate, because the body was checked to be UTF-8. */
const SURROGATE_ESCAPE = /\\ud[89a-f]/i;

/** @throws HttpProblem 400, 415, 422 */
export function readBody<Schema extends TSchema>(
  request: Request,
  validator: Validator<Schema>,
): Static<Schema> {
  const body = validator.validate(request.json());
  if (SURROGATE_ESCAPE.test(request.text()) && !isWellFormed(body)) {
    // UTF-8 cannot express it (RFC 8259, section 8.2), so the client would get back a different text.
    throw new HttpProblem(400, 'The body has an escape that is half of a surrogate pair.');
  }
  return body;
}

/** The value has passed its schema, which bounds its depth. */
function isWellFormed(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed();
  if (typeof value !== 'object' || value === null) return true;
  return Object.values(value).every(isWellFormed);
}
