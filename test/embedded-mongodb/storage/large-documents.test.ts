/** Scans read documents that are together larger than SQLite's limit of a value. */
import { expect, test } from 'vitest';
import { encode } from '../../../src/embedded-mongodb/bson/codec.ts';
import { Binary, type BsonDocument, Int32 } from '../../../src/embedded-mongodb/bson/value.ts';
import { CompiledFilter } from '../../../src/embedded-mongodb/filter/compiled-filter.ts';
import { everyMatch, findMatches } from '../../../src/embedded-mongodb/query/query.ts';
import { parseSort } from '../../../src/embedded-mongodb/query/sort.ts';
import { Catalog } from '../../../src/embedded-mongodb/storage/catalog.ts';
import { SqliteFile } from '../../../src/embedded-mongodb/storage/sqlite-file.ts';
import { TemporaryDirectory } from '../support/test-database.ts';

const LARGE_BYTES = 15 * 1024 * 1024;

test('large documents are read in smaller chunks', async () => {
  await using directory = await TemporaryDirectory.create();
  using file = new SqliteFile(directory.path);
  const collection = new Catalog(file).create('test', 'things');
  const ids = [0, 1, 2, 3, 4].map((number) => new Int32(number));
  const expected = ids.map((_id) => {
    const document: BsonDocument = { _id, bytes: new Binary(Buffer.alloc(LARGE_BYTES, _id.value)) };
    const bytes = encode(document);
    collection.insert(document, bytes);
    return { last: _id.value, length: bytes.length };
  });
  file.commit();

  const found = (filter: BsonDocument, sort: BsonDocument) =>
    [...findMatches(file, collection, { ...everyMatch(new CompiledFilter(filter)), sort: parseSort(sort) })]
      .filter((match) => match !== undefined)
      // The last byte ends the document, and the one before it is of the binary.
      .map(({ bytes }) => ({ last: bytes.at(-2), length: bytes.length }));
  expect(found({}, {})).toEqual(expected);
  expect(found({ _id: { $gte: new Int32(0) } }, { _id: new Int32(-1) })).toEqual(expected.toReversed());
  expect(found({ _id: { $in: ids } }, { _id: new Int32(-1) })).toEqual(expected.toReversed());
});
