/**
 * Equality of what is stored, byte for byte. Updates use it to tell whether a document really changes: 1.0
 * and 1.00 are equal, but a client that sets one in place of the other wants to read it.
 */
import { equalValues } from './compare.ts';
import { typeAlias } from './type-names.ts';
import { type BsonDocument, Code, Decimal128, Double, isDocument, namesOf, type Value } from './value.ts';

/** True for values that MongoDB would store as the same bytes. */
export function identical(left: Value, right: Value): boolean {
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((element, index) => identical(element, right[index]));
  }
  if (isDocument(left) && isDocument(right)) return identicalDocuments(left, right);
  return typeAlias(left) === typeAlias(right) && identicalScalars(left, right);
}

function identicalDocuments(left: BsonDocument, right: BsonDocument): boolean {
  const names = namesOf(left);
  const others = namesOf(right);
  return (
    names.length === others.length &&
    names.every((name, index) => others[index] === name && identical(left[name], right[name]))
  );
}

/** Of the same type. Only of these types, values with different bytes may be equal. */
function identicalScalars(left: Value, right: Value): boolean {
  // JavaScript does not tell the bytes of one NaN from those of another.
  if (left instanceof Double && right instanceof Double) return Object.is(left.value, right.value);
  if (left instanceof Decimal128 && right instanceof Decimal128)
    return Buffer.compare(left.bytes, right.bytes) === 0;
  if (left instanceof Code && right instanceof Code)
    return left.code === right.code && identical(left.scope as Value, right.scope as Value);
  return equalValues(left, right);
}
