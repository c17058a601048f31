import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encode } from '../../../src/embedded-mongodb/bson/codec.ts';
import {
  type BsonDocument,
  Int32,
  ObjectId,
  toNumber,
  type Value,
} from '../../../src/embedded-mongodb/bson/value.ts';
import { CommandError } from '../../../src/embedded-mongodb/command-error.ts';
import { CompiledFilter } from '../../../src/embedded-mongodb/filter/compiled-filter.ts';
import { countMatches, coveringKeys } from '../../../src/embedded-mongodb/query/count.ts';
import { planQuery } from '../../../src/embedded-mongodb/query/planner.ts';
import { everyMatch, findMatches, type Query } from '../../../src/embedded-mongodb/query/query.ts';
import { parseSort } from '../../../src/embedded-mongodb/query/sort.ts';
import { Sorter } from '../../../src/embedded-mongodb/query/sorter.ts';
import { Catalog } from '../../../src/embedded-mongodb/storage/catalog.ts';
import type { Collection } from '../../../src/embedded-mongodb/storage/collection.ts';
import { parseIndexDefinition } from '../../../src/embedded-mongodb/storage/indexes/index-definition.ts';
import { SqliteFile } from '../../../src/embedded-mongodb/storage/sqlite-file.ts';
import { type AskedQuery, documents, indexes, queries } from './support/query-arbitraries.ts';

let directory: string;
let file: SqliteFile;
let catalog: Catalog;
let collections = 0;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'embedded-planner-'));
  file = new SqliteFile(directory);
  catalog = new Catalog(file);
});

afterAll(() => {
  file[Symbol.dispose]();
  rmSync(directory, { recursive: true });
});

describe('an index', () => {
  test('finds exactly what a scan of all documents finds, in the requested order', () => {
    const cases = fc.record({
      documents: fc.array(documents, { minLength: 1, maxLength: 25 }),
      indexes: fc.array(indexes, { minLength: 1, maxLength: 3 }),
      queries: fc.array(queries, { minLength: 4, maxLength: 12 }),
    });
    fc.assert(
      fc.property(cases, ({ documents: inserted, indexes: declared, queries: asked }) => {
        const collection = collectionOf(inserted, declared);
        for (const query of asked) expectSame(collection, query);
        catalog.drop(collection);
      }),
      { numRuns: 400 },
    );
  });

  test('is chosen for equality, for ranges, and for a sort after an equality', () => {
    const collection = collectionOf([], [{ a: 1, b: -1 }]);
    expect(planOf(collection, { a: new Int32(1) }, {}).index).toBe('i0');
    expect(planOf(collection, { a: { $gt: new Int32(1) } }, {}).index).toBe('i0');
    expect(planOf(collection, { a: new Int32(1) }, { b: -1 })).toEqual({
      index: 'i0',
      sorted: true,
      backward: false,
    });
    expect(planOf(collection, { a: new Int32(1) }, { b: 1 })).toEqual({
      index: 'i0',
      sorted: true,
      backward: true,
    });
    expect(planOf(collection, {}, { a: -1, b: 1 })).toEqual({ index: 'i0', sorted: true, backward: true });
    expect(planOf(collection, {}, { a: 1, b: 1 }).sorted).toBe(false);
    expect(planOf(collection, { b: new Int32(1) }, {}).index).toBeUndefined();
  });

  test('on two fields is preferred to one on the first field, and a unique one to both', () => {
    const collection = collectionOf([], [{ a: 1 }, { a: 1, b: 1 }]);
    expect(planOf(collection, { a: 'x', b: 'y' }, {}).index).toBe('i1');
    expect(planOf(collection, { a: 'x', b: 'y', _id: 'z' }, {}).index).toBe('_id_');
  });

  test('serves each branch of an $or', () => {
    const collection = collectionOf([], [{ a: 1 }, { b: 1 }]);
    const plans = planQuery(collection, {
      filter: { $or: [{ a: 'x' }, { b: 'y' }] },
      sort: [],
      limit: 0,
    });
    expect(plans.map((plan) => plan.index?.definition.name)).toEqual(['i0', 'i1']);
  });

  test.each([{ branches: [{ a: 'x' }] }, { branches: [{ a: 'x' }, { a: 'y' }] }])(
    'that serves branches proves nothing about the conditions beside them: $branches',
    ({ branches }) => {
      const collection = collectionOf([{ _id: 'it', a: 'x' }], [{ a: 1 }]);
      const filter = { a: { $ne: 'x' }, $or: branches };
      expect(planOf(collection, filter, {}).index).toBe('i0');
      expect(found(collection, everyMatch(new CompiledFilter(filter)))).toEqual([]);
    },
  );

  test('bounds the fields beside an array, because a document has one array in an index', () => {
    const inserted = [
      { _id: 'one', a: 'x', b: ['p', 'q'] },
      { _id: 'two', a: 'y', b: ['p'] },
      { _id: 'three', a: 'x', b: [] },
    ];
    const collection = collectionOf(inserted, [{ a: 1, b: 1 }]);
    const filter = { a: 'x', b: 'p' };
    const [plan] = planQuery(collection, { filter, sort: [], limit: 0 });
    expect([...(plan?.proven ?? [])]).toEqual(['a', 'b']);
    expect(found(collection, everyMatch(new CompiledFilter(filter)))).toHaveLength(1);
  });

  test.each([
    {
      case: 'different elements of one array match the conditions on two fields',
      key: { 'c.d': 1, 'c.e': 1 },
      document: {
        c: [
          { d: 'x', e: 'y' },
          { d: 'y', e: 'x' },
        ],
      },
      filter: { 'c.d': 'x', 'c.e': 'x' },
    },
    {
      case: 'different elements match the two ends of a range',
      key: { a: 1 },
      document: { a: ['a', 'z'] },
      filter: { a: { $gt: 'm', $lt: 'n' } },
    },
    {
      case: 'an array matches as a whole',
      key: { a: 1 },
      document: { a: ['x', 'y'] },
      filter: { a: ['x', 'y'] },
    },
    {
      case: 'a descending key ends in FF and another field follows',
      key: { a: -1, b: 1 },
      document: { a: new ObjectId('ffffffffffffffffffffffff'), b: 'x' },
      filter: { a: new ObjectId('ffffffffffffffffffffffff'), b: 'x' },
    },
    { case: 'the field is missing', key: { a: 1 }, document: {}, filter: { a: null } },
    {
      case: 'the field is missing in an element of an array',
      key: { 'c.d': 1 },
      document: { c: [{}] },
      filter: { 'c.d': null },
    },
    {
      case: 'a string begins with a literal prefix',
      key: { a: 1 },
      document: { a: 'xyz' },
      filter: { a: { $regex: '^xy' } },
    },
  ])('finds the document where $case', ({ key, document, filter }) => {
    const stored: BsonDocument = { _id: 'it', ...(document as BsonDocument) };
    const collection = collectionOf([stored], [key as unknown as Record<string, number>]);
    const query: Query = { filter: new CompiledFilter(filter as BsonDocument), sort: [], skip: 0, limit: 0 };
    expect(idsOf(found(collection, query))).toEqual(['it']);
    expect(idsOf(found(collection, { ...query, hint: 'natural' }))).toEqual(['it']);
  });

  test('lets a query read only as many documents as its limit', () => {
    const many = Array.from({ length: 2000 }, (_, index) => ({ _id: new Int32(index), a: new Int32(index) }));
    const collection = collectionOf(many, [{ a: 1 }]);
    const query: Query = {
      filter: new CompiledFilter({}),
      sort: parseSort({ a: new Int32(-1) }),
      skip: 0,
      limit: 3,
    };
    const steps = [...findMatches(file, collection, query)];
    expect(steps.map((match) => match && toNumber(match.document['a']))).toEqual([1999, 1998, 1997]);
  });
});

describe('a count', () => {
  test('counts keys if the filter only fixes the first fields of an index', () => {
    const collection = collectionOf([], [{ a: 1, b: -1 }]);
    const indexOf = (filter: BsonDocument) => coveringKeys(collection, filter)?.index.definition.name;
    expect(indexOf({ a: 'x' })).toBe('i0');
    expect(indexOf({ a: { $in: ['x', 'y'] }, b: { $eq: 'z' } })).toBe('i0');
    expect(indexOf({})).toBe('_id_');
    expect(indexOf({ _id: 'x' })).toBe('_id_');
    for (const filter of [{ b: 'x' }, { a: 'x', c: 'y' }, { a: null }, { a: { $gt: 'x' } }, { a: ['x'] }]) {
      expect(indexOf(filter)).toBeUndefined();
    }
    expect(indexOf({ a: { $in: ['x'], $ne: 'x' } })).toBeUndefined();
    expect(indexOf({ $or: [{ a: 'x' }] })).toBeUndefined();
  });

  test('counts documents if some have no key in the index, or several', () => {
    for (const document of [{}, { a: ['x', 'y'] }]) {
      const collection = collectionOf([{ _id: 'it', ...document }], [{ a: 1, sparse: 1 }]);
      expect(coveringKeys(collection, { a: 'x' })).toBeUndefined();
    }
  });

  test('of many keys is exact, and is made in steps', () => {
    const many = Array.from({ length: 2500 }, (_, index) => ({
      _id: new Int32(index),
      a: new Int32(index % 2),
    }));
    const collection = collectionOf(many, [{ a: 1 }]);
    expect(countSteps(collection, { a: new Int32(1) })).toEqual([1000, 250]);
    expect(countSteps(collection, {})).toEqual([1000, 1000, 500]);
    expect(countOf(collection, { a: { $in: [new Int32(0), new Int32(1)] } })).toBe(2500);
  });
});

function collectionOf(
  inserted: readonly BsonDocument[],
  declared: readonly Record<string, number>[],
): Collection {
  collections += 1;
  const collection = catalog.create('test', `c${collections}`);
  // Some documents exist before the indexes. They are few, because two arrays in one document prevent most
  // indexes.
  const half = Math.min(2, inserted.length);
  for (const document of inserted.slice(0, half))
    tolerateRefusal(() => collection.insert(document, encode(document)));
  declared.forEach((key, number) => {
    const { sparse, unique, ...directions } = key;
    const fields = Object.entries(directions);
    const specification = Object.fromEntries(
      fields.map(([name, direction]): [string, Value] => [name, new Int32(direction)]),
    );
    tolerateRefusal(() =>
      collection.createIndex(
        parseIndexDefinition({
          key: specification,
          name: `i${number}`,
          sparse: sparse === 1,
          unique: unique === 1,
        }),
      ),
    );
  });
  for (const document of inserted.slice(half))
    tolerateRefusal(() => collection.insert(document, encode(document)));
  return collection;
}

/** A document or an index that is refused is left out. What remains is a valid case. */
function tolerateRefusal(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    const tolerated = ['CannotIndexParallelArrays', 'DuplicateKey', 'IndexOptionsConflict'];
    if (!(error instanceof CommandError && tolerated.includes(error.codeName))) throw error;
  }
}

function planOf(collection: Collection, filter: BsonDocument, sort: Record<string, number>) {
  const fields = parseSort(
    Object.fromEntries(Object.entries(sort).map(([path, n]): [string, Value] => [path, new Int32(n)])),
  );
  const [plan] = planQuery(collection, { filter, sort: fields, limit: 0 });
  return { index: plan?.index?.definition.name, sorted: plan?.sorted, backward: plan?.backward };
}

function expectSame(collection: Collection, { filter, sort, limit }: AskedQuery): void {
  const query: Query = { filter: new CompiledFilter(filter), sort: parseSort(sort), skip: 0, limit: 0 };
  const everything = found(collection, everyMatch(new CompiledFilter({})));
  const matching = everything.filter(query.filter.matches);
  const scanned = found(collection, { ...query, hint: 'natural' });
  const indexed = found(collection, query);
  expect(idsOf(scanned).toSorted()).toEqual(idsOf(matching).toSorted());
  expect(idsOf(indexed).toSorted()).toEqual(idsOf(matching).toSorted());
  expect(countOf(collection, filter)).toBe(matching.length);
  // Equal documents may come in any order, so sorting the result again must not change it.
  const sorter = new Sorter<BsonDocument>(query.sort);
  for (const document of indexed) sorter.add(document, document, 0);
  expect(idsOf(indexed)).toEqual(idsOf(sorter.sorted()));
  const limited = found(collection, { ...query, limit });
  expect(idsOf(limited).length).toBe(Math.min(limit, indexed.length));
  const kept = new Sorter<BsonDocument>(query.sort);
  for (const document of [
    ...limited,
    ...indexed.filter((one) => !idsOf(limited).includes(String(one['_id']))),
  ]) {
    kept.add(document, document, 0);
  }
  expect(idsOf(kept.sorted().slice(0, limit))).toEqual(idsOf(limited));
}

function found(collection: Collection, query: Query): BsonDocument[] {
  return [...findMatches(file, collection, query)].flatMap((match) =>
    match === undefined ? [] : [match.document],
  );
}

function countOf(collection: Collection, filter: BsonDocument): number {
  return countSteps(collection, filter).reduce((sum, part) => sum + part, 0);
}

function countSteps(collection: Collection, filter: BsonDocument): number[] {
  return [...countMatches(file, collection, { filter: new CompiledFilter(filter) })];
}

function idsOf(found: readonly BsonDocument[]): string[] {
  return found.map((document) => String(document['_id']));
}
