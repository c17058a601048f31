/** The commands that report on a server and its data: serverStatus, collStats and dbStats. */

import { collectionName } from './arguments.ts';
import { type Command, type CommandContext, type CommandFamily, success } from './command.ts';
import { SERVER_VERSION } from './handshake.ts';

export const statisticsCommands: CommandFamily = new Map<string, Command>([
  ['serverStatus', serverStatus],
  ['collStats', collectionStatistics],
  ['dbStats', databaseStatistics],
]);

function serverStatus(context: CommandContext): Uint8Array {
  const { server } = context;
  return success({
    process: 'embedded',
    version: SERVER_VERSION,
    pid: process.pid,
    uptime: (Date.now() - server.startedAt) / 1000,
    localTime: new Date(),
    connections: { current: server.connectionCount() },
    metrics: { cursor: { open: { total: server.cursors.size } } },
    storageEngine: { name: 'sqlite', persistent: true },
  });
}

function collectionStatistics(context: CommandContext): Uint8Array {
  const { server, database } = context;
  const name = collectionName(context);
  const collection = server.catalog.find(database, name);
  const count = collection?.count() ?? 0;
  const size = collection?.size() ?? 0;
  return success({
    ns: `${database}.${name}`,
    count,
    size,
    ...(count > 0 ? { avgObjSize: Math.floor(size / count) } : {}),
    storageSize: size,
    nindexes: collection?.indexes.length ?? 0,
    capped: false,
  });
}

function databaseStatistics(context: CommandContext): Uint8Array {
  const collections = context.server.catalog.collectionsOf(context.database);
  const dataSize = collections.reduce((sum, collection) => sum + collection.size(), 0);
  return success({
    db: context.database,
    collections: collections.length,
    views: 0,
    objects: collections.reduce((sum, collection) => sum + collection.count(), 0),
    dataSize,
    storageSize: dataSize,
    indexes: collections.reduce((sum, collection) => sum + collection.indexes.length, 0),
  });
}
