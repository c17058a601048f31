/**
 * What a driver asks a server about itself: hello, ping, buildInfo and the like. The answers describe a
 * standalone server without sessions across nodes, transactions, compression or authentication.
 */

import { MAX_DOCUMENT_BYTES } from '../bson/value.ts';
import { CommandError } from '../errors.ts';
import { MAX_MESSAGE_BYTES } from '../wire/frames.ts';
import { MAX_WRITE_BATCH } from './bulk.ts';
import { type Command, type CommandContext, type CommandFamily, collectionName, success } from './command.ts';

/** Wire version 21 is MongoDB 7.0; drivers of the 7.x series ask for 9 at least. */
const MAX_WIRE_VERSION = 21;
const SERVER_VERSION = '7.0.0';
const SESSION_TIMEOUT_MINUTES = 30;

export const handshakeCommands: CommandFamily = new Map<string, Command>([
  ['hello', hello],
  ['isMaster', hello],
  ['ismaster', hello],
  ['ping', () => success()],
  ['buildInfo', buildInfo],
  ['buildinfo', buildInfo],
  ['endSessions', () => success()],
  ['refreshSessions', () => success()],
  ['killSessions', () => success()],
  ['connectionStatus', () => success({ authInfo: { authenticatedUsers: [], authenticatedUserRoles: [] } })],
  ['whatsmyuri', () => success({ you: 'unix socket' })],
  ['getParameter', getParameter],
  ['serverStatus', serverStatus],
  ['collStats', collectionStatistics],
  ['dbStats', databaseStatistics],
]);

function hello(context: CommandContext): Uint8Array {
  const primary = context.name === 'hello' ? { isWritablePrimary: true } : { ismaster: true };
  return success({
    ...primary,
    helloOk: true,
    maxBsonObjectSize: MAX_DOCUMENT_BYTES,
    maxMessageSizeBytes: MAX_MESSAGE_BYTES,
    maxWriteBatchSize: MAX_WRITE_BATCH,
    localTime: new Date(),
    logicalSessionTimeoutMinutes: SESSION_TIMEOUT_MINUTES,
    connectionId: context.connection,
    minWireVersion: 0,
    maxWireVersion: MAX_WIRE_VERSION,
    readOnly: false,
  });
}

function buildInfo(): Uint8Array {
  return success({
    version: SERVER_VERSION,
    versionArray: [...SERVER_VERSION.split('.').map(Number), 0],
    modules: [],
    storageEngines: ['sqlite'],
    bits: 64,
    debug: false,
    maxBsonObjectSize: MAX_DOCUMENT_BYTES,
  });
}

function getParameter(): Uint8Array {
  throw new CommandError('InvalidOptions', 'the embedded database has no parameters');
}

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
