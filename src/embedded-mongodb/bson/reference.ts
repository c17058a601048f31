/**
 * A DBRef names a document of another collection by the fields `$ref`, `$id` and perhaps `$db`. It is an
 * ordinary document, except that these names begin with "$" and yet are no operators.
 * https://www.mongodb.com/docs/manual/reference/database-references/
 */
import type { BsonDocument } from './value.ts';

const REFERENCE_FIELDS: ReadonlySet<string> = new Set(['$ref', '$id', '$db']);

export function isReferenceField(name: string): boolean {
  return REFERENCE_FIELDS.has(name);
}

export function isReference(document: BsonDocument): boolean {
  return Object.hasOwn(document, '$ref') && Object.hasOwn(document, '$id');
}
