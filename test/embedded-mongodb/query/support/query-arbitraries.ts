/** Random documents, indexes and queries of few different values. */
import fc from 'fast-check';
import { type BsonDocument, Int32, type Value } from '../../../../src/embedded-mongodb/bson/value.ts';
import { scalars } from '../../support/arbitraries.ts';

const INDEXED_PATHS = ['a', 'b', 'c.d', 'c.e'] as const;
const PATHS = [...INDEXED_PATHS, '_id'] as const;

export interface AskedQuery {
  readonly filter: BsonDocument;
  readonly sort: BsonDocument;
  readonly limit: number;
}

/** Few different values, so that filters often match. */
const small: fc.Arbitrary<Value> = fc.oneof(
  { arbitrary: fc.integer({ min: 0, max: 2 }).map((n) => new Int32(n)), weight: 12 },
  { arbitrary: fc.constantFrom('', 'x', 'xy', 'y'), weight: 3 },
  { arbitrary: fc.constant(null), weight: 2 },
  { arbitrary: scalars, weight: 2 },
);
const fields: fc.Arbitrary<Value> = fc.oneof(
  { arbitrary: small, weight: 6 },
  { arbitrary: fc.array(small, { maxLength: 3 }), weight: 3 },
  { arbitrary: fc.constant<Value>([[]]), weight: 1 },
);
/** The tests tell documents apart by the texts of these. */
const ids: fc.Arbitrary<Value> = fc.oneof(
  { arbitrary: fc.integer({ min: 0, max: 40 }).map((n) => new Int32(n)), weight: 8 },
  fc.constantFrom('', 'x', 'xy', 'y'),
  fc.constant(null),
);
const nested: fc.Arbitrary<Value> = fc.record(
  { d: fields, e: fields },
  { requiredKeys: [], noNullPrototype: true },
);
export const documents: fc.Arbitrary<BsonDocument> = fc.record(
  {
    _id: ids,
    a: fields,
    b: fields,
    c: fc.oneof(nested, fc.array(nested, { maxLength: 3 }), small),
  },
  { requiredKeys: ['_id', 'a', 'c'], noNullPrototype: true },
);

const directions = fc.constantFrom(1, -1);
const keyPatterns = fc
  .tuple(
    fc.shuffledSubarray([...INDEXED_PATHS], { minLength: 1, maxLength: 3 }),
    fc.array(directions, { minLength: 3, maxLength: 3 }),
  )
  .map(([paths, signs]) => Object.fromEntries(paths.map((path, index) => [path, signs[index] ?? 1])));
export const indexes = fc
  .tuple(keyPatterns, fc.constantFrom({}, { sparse: 1 }, { unique: 1 }))
  .map(([key, options]): Record<string, number> => ({ ...key, ...options }));

const conditions: fc.Arbitrary<Value> = fc.oneof(
  { arbitrary: small, weight: 4 },
  fc.tuple(fc.constantFrom('$eq', '$gt', '$gte', '$lt', '$lte', '$ne'), small).map(([name, value]): Value => {
    const isExpression = typeof value === 'object' && value !== null && 'pattern' in value;
    return { [name]: isExpression ? null : value };
  }),
  fc
    .tuple(small, small)
    .map(([low, high]): Value => ({ $gte: withoutExpressions(low), $lt: withoutExpressions(high) })),
  fc.array(small, { maxLength: 3 }).map((list): Value => ({ $in: list })),
  fc
    .tuple(fc.array(small, { maxLength: 3 }), small)
    .map(([list, value]): Value => ({ $in: list, $ne: withoutExpressions(value) })),
  fc.boolean().map((wanted): Value => ({ $exists: wanted })),
  fc.constantFrom('^x', '^xy', '^x?', '^x|y').map((pattern): Value => ({ $regex: pattern })),
);

function withoutExpressions(value: Value): Value {
  return typeof value === 'object' && value !== null && 'pattern' in value ? null : value;
}

const simpleFilters: fc.Arbitrary<BsonDocument> = fc.dictionary(fc.constantFrom(...PATHS), conditions, {
  maxKeys: 3,
  noNullPrototype: true,
});
const filters: fc.Arbitrary<BsonDocument> = fc.oneof(
  { arbitrary: simpleFilters, weight: 4 },
  fc
    .array(simpleFilters, { minLength: 1, maxLength: 3 })
    .map((branches): BsonDocument => ({ $or: branches })),
  fc
    .array(simpleFilters, { minLength: 1, maxLength: 2 })
    .map((branches): BsonDocument => ({ $and: branches })),
  fc
    .tuple(simpleFilters, fc.array(simpleFilters, { minLength: 1, maxLength: 2 }))
    .map(([filter, branches]): BsonDocument => ({ ...filter, $or: branches })),
);
const sorts: fc.Arbitrary<BsonDocument> = fc.oneof(
  fc.constant({}),
  keyPatterns.map((key) =>
    Object.fromEntries(Object.entries(key).map(([path, n]): [string, Value] => [path, new Int32(n)])),
  ),
);
export const queries: fc.Arbitrary<AskedQuery> = fc.record({
  filter: filters,
  sort: sorts,
  limit: fc.integer({ min: 1, max: 5 }),
});
