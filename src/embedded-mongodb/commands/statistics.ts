/** The commands that report on a server and its data: serverStatus, collStats and dbStats. */

import { collectionName, numberArgument } from './arguments.ts';
import {
  type Command,
  type CommandContext,
  type CommandFamily,
  command,
  commandWithoutArguments,
  success,
} from './command.ts';
import { SERVER_VERSION } from './handshake.ts';
import { unsupported } from './unsupported.ts';

export const statisticsCommands: CommandFamily = new Map<string, Command>([
  // Its fields are names of sections, and this database has only some of MongoDB's.
  ['serverStatus', commandWithoutArguments(serverStatus)],
  ['collStats', command(collectionStatistics, ['scale'])],
  ['dbStats', command(databaseStatistics, ['scale', 'freeStorage'])],
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
  refuseScale(context);
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
  refuseScale(context);
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

function refuseScale(context: CommandContext): void {
  if (numberArgument(context.command, 'scale', 1) !== 1) throw unsupported('a scale other than 1');
}
