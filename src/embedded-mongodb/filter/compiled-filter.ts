/**
 * The filter of a command, compiled once. Commands compile it before they look for their collection, because
 * a wrong filter is an error even if there is nothing to find. A query can leave out conditions that hold
 * already, and then decodes only the fields that the others read.
 */

import { isReferenceField } from '../bson/reference.ts';
import { decoderOf } from '../bson/selected-fields.ts';
import { type BsonDocument, isDocument } from '../bson/value.ts';
import { compileTopLevel } from './filter.ts';
import { allOf, type Predicate } from './predicate.ts';

/** Tests a document as it is stored. */
export type StoredTest = (bytes: Uint8Array) => boolean;

interface Condition {
  /** A path, or an operator such as `$or`. */
  readonly name: string;
  readonly holds: Predicate;
}

export class CompiledFilter {
  readonly source: BsonDocument;
  readonly matches: Predicate;
  readonly #conditions: readonly Condition[];

  /** @throws CommandError for an operator that is unknown, refused or has a wrong operand */
  constructor(source: BsonDocument) {
    this.source = source;
    this.#conditions = Object.keys(source).flatMap((name): Condition[] => {
      const holds = compileTopLevel(name, source[name], 0);
      return holds === undefined ? [] : [{ name, holds }];
    });
    this.matches = allOf(this.#conditions.map(({ holds }) => holds));
  }

  /** @param proven paths whose conditions hold for every document that will be tested */
  storedTest(proven: ReadonlySet<string>): StoredTest {
    const conditions = this.#conditions.filter(({ name }) => !proven.has(name));
    if (conditions.length === 0) return () => true;
    const holds = allOf(conditions.map((condition) => condition.holds));
    const fields = conditions.flatMap(({ name }) => fieldsOf({ [name]: this.source[name] }));
    const decode = decoderOf([...new Set(fields)]);
    return (bytes) => holds(decode(bytes));
  }
}

/** The top-level fields of a document that decide whether it matches. */
function fieldsOf(filter: BsonDocument): string[] {
  return Object.keys(filter).flatMap((name) => {
    const operand = filter[name];
    if (!name.startsWith('$') || isReferenceField(name)) return [topLevelField(name)];
    return Array.isArray(operand) ? operand.filter(isDocument).flatMap(fieldsOf) : [];
  });
}

function topLevelField(path: string): string {
  const end = path.indexOf('.');
  return end < 0 ? path : path.slice(0, end);
}
