/**
 * Reads and validates the query of a request. A query has only text. So where the schema says integer, the
 * plain form of one becomes a number, and where it says array, a single value becomes an array of one. The
 * schema refuses everything else.
 */
import type { Static, TObject } from 'typebox';
import type { Request } from '../../runtime/application.ts';
import type { Validator } from './validator.ts';

/** No sign, no leading zero, no exponent, and small enough to be an exact number. */
const PLAIN_INTEGER = /^(?:0|[1-9]\d{0,14})$/;

/** A name that comes twice is an array, which most schemas refuse. @throws HttpProblem 400, 422 */
export function readQuery<Schema extends TObject>(
  request: Request,
  validator: Validator<Schema>,
): Static<Schema> {
  const query: Record<string, unknown> = request.query.toObject();
  for (const [name, property] of Object.entries(validator.schema.properties)) {
    const text = query[name];
    if (typeof text !== 'string') continue;
    if (hasType(property, 'array')) query[name] = [text];
    else if (hasType(property, 'integer') && PLAIN_INTEGER.test(text)) query[name] = Number(text);
  }
  return validator.validate(query);
}

function hasType(schema: object, type: string): boolean {
  return 'type' in schema && schema.type === type;
}
