/**
 * Commands on collections and indexes: create, drop, createIndexes, dropIndexes and the lists of them.
 */
import { Binary } from 'bson';
import { equalValues } from '../bson/compare.ts';
import { type BsonDocument, encode, Int32, isDocument, type Value } from '../bson/value.ts';
import type { Results } from '../cursors.ts';
import { CommandError } from '../errors.ts';
import type { CommandSteps } from '../executor.ts';
import { compileFilter } from '../query/filter.ts';
import { assertNamespace } from '../storage/catalog.ts';
import type { Collection, StoredIndex } from '../storage/collection.ts';
import { parseIndexDefinition } from '../storage/index-definition.ts';
import {
  booleanArgument,
  type Command,
  type CommandContext,
  type CommandFamily,
  collectionName,
  countArgument,
  documentArgument,
  refuseCollation,
  success,
} from './command.ts';
import { firstBatch } from './find.ts';

const DEFAULT_BATCH = 101;

export const catalogCommands: CommandFamily = new Map<string, Command>([
  ['create', create],
  ['drop', drop],
  ['dropDatabase', dropDatabase],
  ['listCollections', listCollections],
  ['listDatabases', listDatabases],
  ['createIndexes', createIndexes],
  ['dropIndexes', dropIndexes],
  ['deleteIndexes', dropIndexes],
  ['listIndexes', listIndexes],
]);

function create(context: CommandContext): Uint8Array {
  const { command, server, database } = context;
  const name = collectionName(context);
  refuseCollation(command);
  for (const option of [
    'capped',
    'timeseries',
    'viewOn',
    'pipeline',
    'validator',
    'clusteredIndex',
    'encryptedFields',
    'changeStreamPreAndPostImages',
  ]) {
    const value = command[option];
    if (value === undefined || value === false) continue;
    throw new CommandError(
      'InvalidOptions',
      `create with ${option} is not supported by the embedded database`,
    );
  }
  // MongoDB answers the same to a repetition, since there are no options to differ in.
  server.catalog.getOrCreate(database, name);
  return success();
}

function drop(context: CommandContext): Uint8Array {
  const { server, database } = context;
  const name = collectionName(context);
  assertNamespace(database, name);
  const collection = server.catalog.find(database, name);
  if (collection === undefined) return success();
  const nIndexesWas = collection.indexes.length;
  server.catalog.drop(collection);
  return success({ nIndexesWas, ns: collection.namespace });
}

function dropDatabase(context: CommandContext): Uint8Array {
  const { server, database } = context;
  for (const collection of server.catalog.collectionsOf(database)) server.catalog.drop(collection);
  return success({ dropped: database });
}

function listCollections(context: CommandContext): CommandSteps {
  const { command, server, database } = context;
  const nameOnly = booleanArgument(command, 'nameOnly', false);
  const matches = compileFilter(documentArgument(command, 'filter'));
  const documents = server.catalog
    .collectionsOf(database)
    .map((collection) => describeCollection(collection))
    .filter(matches)
    .map((document) => (nameOnly ? { name: document['name'], type: document['type'] } : document));
  return listing(context, `${database}.$cmd.listCollections`, documents);
}

function describeCollection(collection: Collection): BsonDocument {
  const uuid: Value = new Binary(collection.uuid, Binary.SUBTYPE_UUID);
  return {
    name: collection.name,
    type: 'collection',
    options: {},
    info: { readOnly: false, uuid },
    idIndex: describeIndex(collection.indexes[0]),
  };
}

function listDatabases(context: CommandContext): Uint8Array {
  const { command, server } = context;
  if (context.database !== 'admin')
    throw new CommandError('Unauthorized', 'listDatabases may only be run against the admin database.');
  const nameOnly = booleanArgument(command, 'nameOnly', false);
  const matches = compileFilter(documentArgument(command, 'filter'));
  const sizes = new Map<string, number>();
  for (const collection of server.catalog.all()) {
    sizes.set(
      collection.database,
      (sizes.get(collection.database) ?? 0) + (nameOnly ? 0 : collection.size()),
    );
  }
  const databases = [...sizes]
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, sizeOnDisk]) => (nameOnly ? { name } : { name, sizeOnDisk, empty: false }))
    .filter((entry) => matches({ name: entry.name }));
  const totalSize = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  return success(nameOnly ? { databases } : { databases, totalSize });
}

function createIndexes(context: CommandContext): Uint8Array {
  const { command, server, database } = context;
  const name = collectionName(context);
  assertNamespace(database, name);
  const specifications = command['indexes'];
  if (!Array.isArray(specifications) || specifications.length === 0 || !specifications.every(isDocument)) {
    throw new CommandError('BadValue', 'Must specify at least one index to create');
  }
  const definitions = specifications.map((specification) => parseIndexDefinition(normalise(specification)));
  const createdCollectionAutomatically = server.catalog.find(database, name) === undefined;
  const collection = server.catalog.getOrCreate(database, name);
  const numIndexesBefore = collection.indexes.length;
  for (const definition of definitions) collection.createIndex(definition);
  const numIndexesAfter = collection.indexes.length;
  const note = numIndexesAfter === numIndexesBefore ? { note: 'all indexes already exist' } : {};
  return success({ numIndexesBefore, numIndexesAfter, createdCollectionAutomatically, ...note });
}

/** As MongoDB stores a specification: version, key and name first; `background` has had no effect since 4.2. */
function normalise(specification: BsonDocument): BsonDocument {
  const { v: _version, key, name, background: _background, ns: _namespace, ...options } = specification;
  return { v: new Int32(2), key, name, ...options };
}

function dropIndexes(context: CommandContext): Uint8Array {
  const { command, server, database } = context;
  const collection = server.catalog.get(database, collectionName(context));
  const nIndexesWas = collection.indexes.length;
  for (const index of indexesToDrop(collection, command['index'])) collection.dropIndex(index);
  return success({ nIndexesWas });
}

function indexesToDrop(collection: Collection, wanted: Value): readonly StoredIndex[] {
  if (wanted === '*') return collection.indexes.slice(1);
  if (Array.isArray(wanted)) return wanted.flatMap((name) => indexesToDrop(collection, name));
  const index = collection.indexes.find(({ definition }) =>
    isDocument(wanted) ? equalValues(definition.specification['key'], wanted) : definition.name === wanted,
  );
  if (index === undefined) {
    const description = typeof wanted === 'string' ? wanted : JSON.stringify(wanted);
    throw new CommandError('IndexNotFound', `index not found with name or key [${description}]`);
  }
  if (index === collection.indexes[0]) throw new CommandError('InvalidOptions', 'cannot drop _id index');
  return [index];
}

function listIndexes(context: CommandContext): CommandSteps {
  const { server, database } = context;
  const name = collectionName(context);
  const collection = server.catalog.get(database, name);
  return listing(context, `${database}.$cmd.listIndexes.${name}`, collection.indexes.map(describeIndex));
}

function describeIndex(index: StoredIndex | undefined): BsonDocument {
  return { ...index?.definition.specification };
}

function listing(
  context: CommandContext,
  namespace: string,
  documents: readonly BsonDocument[],
): CommandSteps {
  const batchSize = countArgument(documentArgument(context.command, 'cursor'), 'batchSize', DEFAULT_BATCH);
  return firstBatch(context, namespace, encoded(documents), batchSize, false);
}

function* encoded(documents: readonly BsonDocument[]): Results {
  for (const document of documents) yield encode(document);
}
