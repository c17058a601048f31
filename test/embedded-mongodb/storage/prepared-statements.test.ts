/**
 * SQLite prepares a statement again if its plan may depend on a value that is bound anew, as in `LIMIT ?`.
 * That costs more than most statements. SQLite calls an authorizer whenever it prepares one.
 */
import { constants, DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { afterEach, expect, test, vi } from 'vitest';
import { encode } from '../../../src/embedded-mongodb/bson/codec.ts';
import { type BsonDocument, Int32 } from '../../../src/embedded-mongodb/bson/value.ts';
import { CompiledFilter } from '../../../src/embedded-mongodb/filter/compiled-filter.ts';
import { countMatches } from '../../../src/embedded-mongodb/query/count.ts';
import {
  everyMatch,
  findMatches,
  type Match,
  type Query,
} from '../../../src/embedded-mongodb/query/query.ts';
import { parseSort } from '../../../src/embedded-mongodb/query/sort.ts';
import { Catalog } from '../../../src/embedded-mongodb/storage/catalog.ts';
import type { Collection } from '../../../src/embedded-mongodb/storage/collection.ts';
import { parseIndexDefinition } from '../../../src/embedded-mongodb/storage/indexes/index-definition.ts';
import { SqliteFile } from '../../../src/embedded-mongodb/storage/sqlite-file.ts';
import { TemporaryDirectory } from '../support/test-database.ts';

/** More than a chunk of a scan and a step of a count hold, so that both continue. */
const DOCUMENTS = 1500;

afterEach(() => vi.restoreAllMocks());

test('every statement is prepared once, whatever is bound to it later', async () => {
  const prepared = preparedStatements();
  await using directory = await TemporaryDirectory.create();
  using file = new SqliteFile(directory.path);
  const collection = new Catalog(file).create('test', 'things');
  for (const [name, unique] of [['a', false] as const, ['u', true] as const]) {
    collection.createIndex(parseIndexDefinition({ key: { [name]: new Int32(1) }, name, unique }));
  }

  writeAndRead(file, collection, 0);
  const known = prepared.statements();
  expect(known.length).toBeGreaterThan(15);
  prepared.clear();
  writeAndRead(file, collection, 1);
  expect(prepared.statements()).toEqual([]);
});

type Execute = (this: SqliteFile, sql: string, ...values: SQLInputValue[]) => unknown;

/** The statements that SQLite has prepared, those included that it prepares again by itself. */
function preparedStatements(): { statements(): readonly string[]; clear(): void } {
  const seen = new Set<string>();
  let running = '';
  const note = () => {
    seen.add(running);
    return constants.SQLITE_OK;
  };
  const prepare = DatabaseSync.prototype.prepare;
  let watched = false;
  vi.spyOn(DatabaseSync.prototype, 'prepare').mockImplementation(function (this: DatabaseSync, sql: string) {
    // Once, because a new authorizer makes SQLite prepare every statement again.
    if (!watched) this.setAuthorizer(note);
    watched = true;
    return prepare.call(this, sql);
  });
  const file = SqliteFile.prototype as unknown as Record<'run' | 'get' | 'all', Execute>;
  for (const method of ['run', 'get', 'all'] as const) {
    const execute = file[method];
    vi.spyOn(file, method).mockImplementation(function (this: SqliteFile, sql, ...values) {
      running = sql;
      return execute.call(this, sql, ...values);
    });
  }
  return { statements: () => [...seen], clear: () => seen.clear() };
}

/** Runs every statement of documents and indexes, with values that depend on the round. */
function writeAndRead(file: SqliteFile, collection: Collection, round: number): void {
  file.begin();
  for (let number = 0; number < DOCUMENTS; number += 1) {
    const id = new Int32(round * DOCUMENTS + number);
    const document = { _id: id, a: new Int32(round), u: id };
    collection.insert(document, encode(document));
  }
  file.commit();
  const first = new Int32(round * DOCUMENTS);
  const third = new Int32(round * DOCUMENTS + 2);
  const filters: BsonDocument[] = [
    { _id: first },
    { u: first },
    { _id: { $in: [first, third] } },
    { u: { $in: [first, third] } },
    { _id: { $gte: first } },
    { u: { $gte: first } },
    { a: new Int32(round) },
    { unindexed: null },
  ];
  for (const filter of filters) {
    for (const limit of [0, 1 + round, 20 + round]) {
      matchesOf(file, collection, { ...everyMatch(new CompiledFilter(filter)), limit });
    }
    for (const direction of [1, -1]) {
      for (const field of ['_id', 'a', 'u']) {
        const sort = parseSort({ [field]: new Int32(direction) });
        matchesOf(file, collection, { ...everyMatch(new CompiledFilter(filter)), sort });
      }
    }
    for (const _ of countMatches(file, collection, everyMatch(new CompiledFilter(filter))));
  }
  const [found] = matchesOf(file, collection, everyMatch(new CompiledFilter({ _id: first })));
  if (found === undefined) throw new Error('the document was inserted');
  const changed = { ...found.document, a: new Int32(-1) };
  collection.replace(found.record, found.document, changed);
  collection.read(found.record);
  collection.remove(found.record, changed);
  collection.count();
  collection.size();
  file.commit();
}

function matchesOf(file: SqliteFile, collection: Collection, query: Query): Match[] {
  return [...findMatches(file, collection, query)].filter((match) => match !== undefined);
}
