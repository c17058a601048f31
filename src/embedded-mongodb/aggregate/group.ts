/**
 * $group: documents with equal keys become one, with accumulators over the others' fields. The number of
 * groups and the size of collected arrays are bounded, since all of it lies in memory.
 */

import { compareValues } from '../bson/compare.ts';
import {
  type BsonDocument,
  Decimal128,
  Double,
  Int32,
  isDocument,
  isNullish,
  isNumber,
  setOwnValue,
  toNumber,
  type Value,
} from '../bson/value.ts';
import { CommandError } from '../errors.ts';
import { identityOf } from '../storage/key.ts';
import { add } from '../update/numbers.ts';
import { compileExpression, type Expression } from './expression.ts';
import type { Stage, Stream } from './pipeline.ts';

const MAX_GROUPS = 100_000;
const MAX_COLLECTED = 100_000;

interface Accumulator {
  add(value: Value): void;
  result(): Value;
}

const ACCUMULATORS: ReadonlyMap<string, () => Accumulator> = new Map<string, () => Accumulator>([
  ['$sum', sum],
  ['$avg', average],
  ['$min', () => extreme((order) => order < 0)],
  ['$max', () => extreme((order) => order > 0)],
  ['$first', first],
  ['$last', last],
  ['$push', push],
  ['$addToSet', addToSet],
  ['$count', count],
]);

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
    const groups = new Map<string, { id: Value; accumulators: readonly Accumulator[] }>();
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
  groups: Map<string, { id: Value; accumulators: readonly Accumulator[] }>,
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

function sum(): Accumulator {
  let total: Value = new Int32(0);
  return {
    add(value) {
      if (isNumber(value) && isNumber(total)) total = add(total, value);
    },
    result: () => total,
  };
}

function average(): Accumulator {
  const total = sum();
  let numbers = 0;
  return {
    add(value) {
      if (!isNumber(value)) return;
      total.add(value);
      numbers += 1;
    },
    result() {
      if (numbers === 0) return null;
      const whole = total.result();
      const mean = toNumber(whole) / numbers;
      return whole instanceof Decimal128 ? Decimal128.fromString(mean.toPrecision(15)) : new Double(mean);
    },
  };
}

function extreme(better: (order: number) => boolean): Accumulator {
  let best: Value = null;
  return {
    add(value) {
      if (isNullish(value)) return;
      if (best === null || better(compareValues(value, best))) best = value;
    },
    result: () => best,
  };
}

function first(): Accumulator {
  let found: { value: Value } | undefined;
  return {
    add(value) {
      found ??= { value: value ?? null };
    },
    result: () => found?.value ?? null,
  };
}

function last(): Accumulator {
  let latest: Value = null;
  return {
    add(value) {
      latest = value ?? null;
    },
    result: () => latest,
  };
}

function push(): Accumulator {
  const values: Value[] = [];
  return {
    add(value) {
      if (value !== undefined) values.push(value);
      assertCollected(values.length);
    },
    result: () => values,
  };
}

function addToSet(): Accumulator {
  const values = new Map<string, Value>();
  return {
    add(value) {
      if (value !== undefined) values.set(identityOf(value), value);
      assertCollected(values.size);
    },
    result: () => [...values.values()],
  };
}

function count(): Accumulator {
  let documents = 0;
  return {
    add() {
      documents += 1;
    },
    result: () => new Int32(documents),
  };
}

function assertCollected(size: number): void {
  if (size <= MAX_COLLECTED) return;
  throw new CommandError(
    'ExceededMemoryLimit',
    `$push and $addToSet collect at most ${MAX_COLLECTED} values`,
  );
}
