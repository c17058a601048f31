/**
 * The stage $group, which makes one document of all documents with equal keys, and counts or adds up. Its
 * memory is bounded, because the groups are kept in it.
 */

import { type BsonDocument, Int32, isDocument, namesOf, setOwnValue, type Value } from '../bson/value.ts';
import { CommandError } from '../command-error.ts';
import { identityOf } from '../storage/keys/key.ts';
import { compileExpression, type Expression } from './expression.ts';
import type { Stage, Stream } from './stage.ts';
import { Sum } from './sum.ts';

const MAX_GROUPS = 100_000;
/** Of all keys together. MongoDB's limit for a $group without a disk. */
const MAX_KEY_BYTES = 100 * 1024 * 1024;

interface Group {
  readonly id: Value;
  /** One for each field of the result. */
  readonly sums: readonly Sum[];
}

/** A field of the result, and what it adds up. */
interface SummedField {
  readonly name: string;
  readonly summand: Expression;
}

export function compileGroup(specification: BsonDocument): Stage {
  if (!Object.hasOwn(specification, '_id'))
    throw new CommandError('FailedToParse', 'a group specification must include an _id');
  const key = compileExpression(specification['_id']);
  const fields = namesOf(specification)
    .filter((name) => name !== '_id')
    .map((name) => compileField(name, specification[name]));
  return function* (input): Stream {
    const groups = new Groups(fields);
    for (const document of input) {
      if (document !== undefined) groups.add(key(document) ?? null, document);
      yield undefined;
    }
    yield* groups.results();
  };
}

class Groups {
  readonly #fields: readonly SummedField[];
  readonly #groups = new Map<string, Group>();
  #keyBytes = 0;

  constructor(fields: readonly SummedField[]) {
    this.#fields = fields;
  }

  add(id: Value, document: BsonDocument): void {
    const { sums } = this.#groupOf(id);
    this.#fields.forEach(({ summand }, index) => {
      sums[index]?.add(summand(document));
    });
  }

  *results(): Generator<BsonDocument> {
    for (const { id, sums } of this.#groups.values()) {
      const result: BsonDocument = { _id: id };
      this.#fields.forEach(({ name }, index) => {
        setOwnValue(result, name, sums[index]?.result());
      });
      yield result;
    }
  }

  #groupOf(id: Value): Group {
    const identity = identityOf(id);
    const known = this.#groups.get(identity);
    if (known !== undefined) return known;
    this.#keyBytes += identity.length;
    if (this.#groups.size >= MAX_GROUPS || this.#keyBytes > MAX_KEY_BYTES) {
      throw new CommandError(
        'QueryExceededMemoryLimitNoDiskUseAllowed',
        `$group exceeded ${MAX_GROUPS} groups or ${MAX_KEY_BYTES} bytes of keys`,
      );
    }
    const group = { id, sums: this.#fields.map(() => new Sum()) };
    this.#groups.set(identity, group);
    return group;
  }
}

const ONE = new Int32(1);

function compileField(name: string, specification: Value): SummedField {
  if (name.includes('.') || name.startsWith('$') || name === '') {
    throw new CommandError('BadValue', `The field name '${name.slice(0, 100)}' cannot be used in $group`);
  }
  const [operator, ...others] = isDocument(specification) ? Object.keys(specification) : [];
  if (!isDocument(specification) || operator === undefined || others.length > 0) {
    throw new CommandError('BadValue', `The field '${name}' must be an accumulator object`);
  }
  return { name, summand: compileSummand(operator, specification[operator]) };
}

/** MongoDB, too, has `$count` stand for a sum of ones. */
function compileSummand(accumulator: string, operand: Value): Expression {
  if (accumulator === '$sum') return compileExpression(operand);
  if (accumulator !== '$count') {
    throw new CommandError(
      'InvalidPipelineOperator',
      `The accumulator ${accumulator.slice(0, 100)} is not supported by the embedded database`,
    );
  }
  if (!isDocument(operand) || Object.keys(operand).length > 0)
    throw new CommandError('TypeMismatch', '$count takes no arguments, i.e. $count:{}');
  return () => ONE;
}
