/** createIndexes, dropIndexes and listIndexes. */

import { equalValues } from '../../bson/compare.ts';
import { type BsonDocument, Int32, isDocument, type Value } from '../../bson/value.ts';
import { CommandError } from '../../command-error.ts';
import type { CommandSteps } from '../../execution/task.ts';
import type { Collection } from '../../storage/collection.ts';
import { parseIndexDefinition } from '../../storage/indexes/index-definition.ts';
import type { StoredIndex } from '../../storage/indexes/stored-index.ts';
import { assertNamespace } from '../../storage/namespace.ts';
import { collectionName } from '../arguments.ts';
import { type CommandContext, success } from '../command.ts';
import { listing } from '../read/batches.ts';
import { refuseOptions } from '../unsupported.ts';

const INDEX_VERSION = 2;

export function createIndexes(context: CommandContext): Uint8Array {
  const { command, server, database } = context;
  const name = collectionName(context);
  assertNamespace(database, name);
  if (command['commitQuorum'] !== undefined)
    throw new CommandError('BadValue', "Standalones can't specify commitQuorum");
  refuseOptions(command, ['ignoreUnknownIndexOptions']);
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

/** MongoDB stores version, key and name first. `background` has had no effect since MongoDB 4.2. */
function normalise(specification: BsonDocument): BsonDocument {
  const { v: _version, key, name, background: _background, ns: _namespace, ...options } = specification;
  return { v: new Int32(INDEX_VERSION), key, name, ...options };
}

export function dropIndexes(context: CommandContext): Uint8Array {
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

export function listIndexes(context: CommandContext): CommandSteps {
  const { server, database } = context;
  const name = collectionName(context);
  const collection = server.catalog.get(database, name);
  return listing(context, `${database}.$cmd.listIndexes.${name}`, collection.indexes.map(describeIndex));
}

export function describeIndex(index: StoredIndex | undefined): BsonDocument {
  return { ...index?.definition.specification };
}
