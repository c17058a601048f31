/** The accumulators of $group. Each collects one value from every document of a group. */

import { add } from '../bson/arithmetic.ts';
import { compareValues } from '../bson/compare.ts';
import { Decimal128, Double, Int32, isNullish, isNumber, toNumber, type Value } from '../bson/value.ts';
import { CommandError } from '../command-error.ts';
import { identityOf } from '../storage/keys/key.ts';

/** Bounds the memory of $push and $addToSet. */
const MAX_COLLECTED = 100_000;

export interface Accumulator {
  add(value: Value): void;
  result(): Value;
}

export const ACCUMULATORS: ReadonlyMap<string, () => Accumulator> = new Map<string, () => Accumulator>([
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
