/**
 * The stage $group, which makes one document of all documents with equal keys. The number of groups is
 * bounded, because they are kept in memory.
 */

import { type BsonDocument, isDocument, setOwnValue, type Value } from '../bson/value.ts';
import { CommandError } from '../command-error.ts';
import { identityOf } from '../storage/keys/key.ts';
import { ACCUMULATORS, type Accumulator } from './accumulators.ts';
import { compileExpression, type Expression } from './expression.ts';
import type { Stage, Stream } from './stage.ts';

const MAX_GROUPS = 100_000;

interface Group {
  readonly id: Value;
  /** One for each accumulated field. */
  readonly accumulators: readonly Accumulator[];
}

interface AccumulatedField {
  readonly name: string;
  readonly expression: Expression;
  readonly create: () => Accumulator;
}

export function compileGroup(specification: BsonDocument): Stage {
  if (!Object.hasOwn(specification, '_id'))
    throw new CommandError('FailedToParse', 'a group specification must include an _id');
  const key = compileExpression(specification['_id']);
  const fields = Object.keys(specification)
    .filter((name) => name !== '_id')
    .map((name) => compileAccumulator(name, specification[name]));
  return function* (input): Stream {
    const groups = new Map<string, Group>();
    for (const document of input) {
      if (document !== undefined) accumulate(groups, key(document) ?? null, document, fields);
      yield undefined;
    }
    for (const { id, accumulators } of groups.values()) {
      const result: BsonDocument = { _id: id };
      fields.forEach(({ name }, index) => {
        setOwnValue(result, name, accumulators[index]?.result());
      });
      yield result;
    }
  };
}

function accumulate(
  groups: Map<string, Group>,
  id: Value,
  document: BsonDocument,
  fields: readonly AccumulatedField[],
): void {
  const text = identityOf(id);
  let group = groups.get(text);
  if (group === undefined) {
    if (groups.size >= MAX_GROUPS) {
      throw new CommandError(
        'QueryExceededMemoryLimitNoDiskUseAllowed',
        `$group exceeded ${MAX_GROUPS} groups`,
      );
    }
    group = { id, accumulators: fields.map((field) => field.create()) };
    groups.set(text, group);
  }
  const { accumulators } = group;
  fields.forEach(({ expression }, index) => {
    accumulators[index]?.add(expression(document));
  });
}

function compileAccumulator(name: string, specification: Value): AccumulatedField {
  if (name.includes('.') || name.startsWith('$') || name === '') {
    throw new CommandError('BadValue', `The field name '${name.slice(0, 100)}' cannot be used in $group`);
  }
  const [operator, ...others] = isDocument(specification) ? Object.keys(specification) : [];
  if (!isDocument(specification) || operator === undefined || others.length > 0) {
    throw new CommandError('BadValue', `The field '${name}' must be an accumulator object`);
  }
  const create = ACCUMULATORS.get(operator);
  if (create === undefined)
    throw new CommandError('InvalidPipelineOperator', `unknown group operator '${operator.slice(0, 100)}'`);
  return { name, expression: compileExpression(specification[operator]), create };
}
