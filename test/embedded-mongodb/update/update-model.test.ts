import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decode, encode } from '../../../src/embedded-mongodb/bson/codec.ts';
import { identical } from '../../../src/embedded-mongodb/bson/identical.ts';
import {
  type BsonDocument,
  Decimal128,
  Double,
  Int32,
  Long,
  type Value,
} from '../../../src/embedded-mongodb/bson/value.ts';
import { CommandError } from '../../../src/embedded-mongodb/command-error.ts';
import { CompiledFilter } from '../../../src/embedded-mongodb/filter/compiled-filter.ts';
import { everyMatch, findMatches } from '../../../src/embedded-mongodb/query/query.ts';
import { Catalog } from '../../../src/embedded-mongodb/storage/catalog.ts';
import { parseIndexDefinition } from '../../../src/embedded-mongodb/storage/indexes/index-definition.ts';
import { SqliteFile } from '../../../src/embedded-mongodb/storage/sqlite-file.ts';
import { compileUpdate } from '../../../src/embedded-mongodb/update/update.ts';

let directory: string;
let file: SqliteFile;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'embedded-model-'));
  file = new SqliteFile(directory);
});
afterAll(() => {
  file[Symbol.dispose]();
  rmSync(directory, { recursive: true });
});

/** Fields that no update names. JavaScript's own numbers would not keep their types. */
const BESIDE: BsonDocument = {
  int: new Int32(7),
  long: Long.fromBigInt(2n ** 60n + 1n),
  double: new Double(7),
  decimal: Decimal128.fromString('7.00'),
  deep: { list: [Long.fromInt(1), { d: new Double(1) }] },
};

type Model = Map<string, number>;

interface Step {
  readonly update: BsonDocument;
  /** The same change to a map of numbers. */
  readonly apply: (model: Model) => void;
}

const names = fc.constantFrom('x', 'y', 'z.u', 'z.v', 'w.1');
const amounts = fc.integer({ min: -5, max: 5 });

const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(names, amounts).map(
    ([name, n]): Step => ({
      update: { $set: { [name]: new Int32(n) } },
      apply: (model) => void model.set(name, n),
    }),
  ),
  fc.tuple(names, amounts).map(
    ([name, n]): Step => ({
      update: { $inc: { [name]: new Int32(n) } },
      apply: (model) => void model.set(name, (model.get(name) ?? 0) + n),
    }),
  ),
  fc.tuple(names, amounts).map(
    ([name, n]): Step => ({
      update: { $max: { [name]: new Int32(n) } },
      apply: (model) => void model.set(name, Math.max(model.get(name) ?? n, n)),
    }),
  ),
  names.map(
    (name): Step => ({
      update: { $unset: { [name]: '' } },
      apply: (model) => void model.delete(name),
    }),
  ),
);

test('random updates change the named fields as a simple model predicts, and no others', () => {
  const catalog = new Catalog(file);
  const sequences = fc.array(fc.tuple(fc.integer({ min: 0, max: 2 }), steps), { maxLength: 25 });
  let run = 0;
  fc.assert(
    fc.property(sequences, (sequence) => {
      run += 1;
      const collection = catalog.create('test', `model${run}`);
      collection.createIndex(
        parseIndexDefinition({
          key: { x: new Int32(1), 'z.u': new Int32(-1) },
          name: 'i',
          unique: true,
          sparse: true,
        }),
      );
      const models = [0, 1, 2].map((): Model => new Map());
      for (const id of models.keys()) {
        const document: BsonDocument = { _id: new Int32(id), ...BESIDE };
        collection.insert(document, encode(document));
      }
      for (const [id, step] of sequence) {
        const query = everyMatch(new CompiledFilter({ _id: new Int32(id) }));
        const [match] = [...findMatches(file, collection, query)].filter((found) => found !== undefined);
        if (match === undefined) throw new Error('the document is gone');
        try {
          const after = compileUpdate(step.update).apply(match.document);
          if (after !== undefined) collection.replace(match.record, match.document, after);
          const model = models[id];
          if (model !== undefined) step.apply(model);
        } catch (error) {
          // The unique index refused the update, so neither the model nor the document may change.
          if (!(error instanceof CommandError && error.codeName === 'DuplicateKey')) throw error;
        }
      }
      for (const hint of ['natural', collection.findIndex('_id_')] as const) {
        const query = { ...everyMatch(new CompiledFilter({})), hint };
        const found = [...findMatches(file, collection, query)].filter((match) => match !== undefined);
        for (const match of found) {
          const stored = decode(match.bytes);
          for (const name of Object.keys(BESIDE))
            expect(identical(stored[name], BESIDE[name]), name).toBe(true);
          const id = (stored['_id'] as Int32).value;
          expect(numbersOf(stored)).toEqual(new Map([...(models[id] ?? [])].toSorted()));
        }
        expect(found).toHaveLength(3);
      }
      catalog.drop(collection);
    }),
    { numRuns: 150 },
  );
});

/** The fields that updates name, by path, sorted by name. */
function numbersOf(document: BsonDocument): Model {
  const found: [string, number][] = [];
  const visit = (value: Value, path: string): void => {
    if (value instanceof Int32) found.push([path, value.value]);
    else if (value !== null && typeof value === 'object') {
      for (const [name, inner] of Object.entries(value)) visit(inner as Value, `${path}.${name}`);
    }
  };
  for (const name of ['x', 'y', 'z', 'w']) if (document[name] !== undefined) visit(document[name], name);
  return new Map(found.toSorted());
}
