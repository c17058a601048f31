/** Equality that also compares types. Updates use it to tell whether a document really changes. */
import { equalValues } from './compare.ts';
import { typeAlias } from './type-names.ts';
import { isDocument, type Value } from './value.ts';

/** True for the same values of the same types: 1 as int32 and 1 as double are equal, but not identical. */
export function identical(left: Value, right: Value): boolean {
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((element, index) => identical(element, right[index]));
  }
  if (isDocument(left) && isDocument(right)) {
    const names = Object.keys(left);
    const others = Object.keys(right);
    return (
      names.length === others.length &&
      names.every((name, index) => others[index] === name && identical(left[name], right[name]))
    );
  }
  return typeAlias(left) === typeAlias(right) && equalValues(left, right);
}
