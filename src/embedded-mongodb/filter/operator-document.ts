/** Tells a document of operators, such as `{$gt: 1}`, from a document that is a value. */
import { isReference } from '../bson/reference.ts';
import { type BsonDocument, isDocument, namesOf, type Value } from '../bson/value.ts';

/** A document whose first name begins with "$". A DBRef also begins so, but is a value. */
export function isOperatorDocument(value: Value): value is BsonDocument {
  if (!isDocument(value)) return false;
  const [first] = namesOf(value);
  return first?.startsWith('$') === true && !isReference(value);
}
