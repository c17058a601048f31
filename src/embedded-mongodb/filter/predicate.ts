/**
 * The tests that a filter is compiled to, and what they share: how a test applies to the values found at a
 * path.
 */
import { type Found, MISSING } from '../bson/path.ts';
import type { BsonDocument, Value } from '../bson/value.ts';
import { spendWork } from '../work.ts';

export type Predicate = (document: BsonDocument) => boolean;
/** Whether one of the values found at a path satisfies a condition. */
export type FoundPredicate = (found: readonly Found[]) => boolean;
export type ValueTest = (value: Value) => boolean;

/**
 * Compiles what is nested inside an operator's operand, one level deeper. filter.ts passes it to the
 * operators.
 */
export interface NestedCompiler {
  condition(condition: Value): FoundPredicate;
  filter(filter: BsonDocument): Predicate;
}

/**
 * True if a found value, or an element of a found array, passes the test.
 * @param missing the result for a path that leads nowhere
 */
export function anyValue(test: ValueTest, missing: boolean): FoundPredicate {
  return (found) => found.some((value) => (value === MISSING ? missing : holds(value, test)));
}

export function not(predicate: FoundPredicate): FoundPredicate {
  return (found) => !predicate(found);
}

export function allOf(predicates: readonly Predicate[]): Predicate {
  const [first] = predicates;
  if (first === undefined) return () => true;
  if (predicates.length === 1) return first;
  return (document) => {
    spendWork(predicates.length);
    return predicates.every((predicate) => predicate(document));
  };
}

export function anyOf(predicates: readonly Predicate[]): Predicate {
  return (document) => {
    spendWork(predicates.length);
    return predicates.some((predicate) => predicate(document));
  };
}

function holds(value: Value, test: ValueTest): boolean {
  if (test(value)) return true;
  if (!Array.isArray(value)) return false;
  spendWork(value.length);
  return value.some(test);
}
