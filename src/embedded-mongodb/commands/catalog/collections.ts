/** create, drop, dropDatabase, listCollections and listDatabases. */

import { Binary } from 'bson';
import type { BsonDocument, Value } from '../../bson/value.ts';
import { CommandError } from '../../command-error.ts';
import type { CommandSteps } from '../../execution/task.ts';
import { compileFilter } from '../../filter/filter.ts';
import type { Collection } from '../../storage/collection.ts';
import { assertNamespace } from '../../storage/namespace.ts';
import { booleanArgument, collectionName, documentArgument } from '../arguments.ts';
import { type CommandContext, success } from '../command.ts';
import { listing } from '../read/batches.ts';
import { refuseCollation } from '../unsupported.ts';
import { describeIndex } from './indexes.ts';

/** Options of MongoDB's create that this database does not have. */
const REFUSED_OPTIONS = [
  'capped',
  'timeseries',
  'viewOn',
  'pipeline',
  'validator',
  'clusteredIndex',
  'encryptedFields',
  'changeStreamPreAndPostImages',
  'autoIndexId',
  'expireAfterSeconds',
  'idIndex',
  'indexOptionDefaults',
  'max',
  'size',
  'storageEngine',
  'temp',
  'validationAction',
  'validationLevel',
] as const;

export const CREATE_OPTIONS = [...REFUSED_OPTIONS, 'collation'];

export function create(context: CommandContext): Uint8Array {
  const { command, server, database } = context;
  const name = collectionName(context);
  refuseCollation(command);
  for (const option of REFUSED_OPTIONS) {
    const value = command[option];
    if (value === undefined || value === false) continue;
    throw new CommandError(
      'InvalidOptions',
      `create with ${option} is not supported by the embedded database`,
    );
  }
  // As in MongoDB, creating a collection again with the same options succeeds.
  server.catalog.getOrCreate(database, name);
  return success();
}

export function drop(context: CommandContext): Uint8Array {
  const { server, database } = context;
  const name = collectionName(context);
  assertNamespace(database, name);
  const collection = server.catalog.find(database, name);
  if (collection === undefined) return success();
  const nIndexesWas = collection.indexes.length;
  server.catalog.drop(collection);
  return success({ nIndexesWas, ns: collection.namespace });
}

export function dropDatabase(context: CommandContext): Uint8Array {
  const { server, database } = context;
  for (const collection of server.catalog.collectionsOf(database)) server.catalog.drop(collection);
  return success({ dropped: database });
}

export function listCollections(context: CommandContext): CommandSteps {
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

export function listDatabases(context: CommandContext): Uint8Array {
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
