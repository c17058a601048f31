/**
 * The commands by which a driver gets to know a server: hello, ping, buildInfo and others. The replies
 * describe a standalone server without transactions, compression or authentication.
 */

import { MAX_DOCUMENT_BYTES } from '../bson/value.ts';
import { CommandError } from '../command-error.ts';
import { MAX_MESSAGE_BYTES } from '../wire/protocol.ts';
import {
  type Command,
  type CommandContext,
  type CommandFamily,
  command,
  commandWithoutArguments,
  success,
} from './command.ts';
import { MAX_WRITE_BATCH } from './write/bulk.ts';

/** The wire version of MongoDB 7.0. The Node.js driver 7 needs at least 9. */
const MAX_WIRE_VERSION = 21;
export const SERVER_VERSION = '7.0.0';
const SESSION_TIMEOUT_MINUTES = 30;

export const handshakeCommands: CommandFamily = new Map<string, Command>([
  ['hello', commandWithoutArguments(hello)],
  ['isMaster', commandWithoutArguments(hello)],
  ['ismaster', commandWithoutArguments(hello)],
  ['ping', commandWithoutArguments(() => success())],
  ['buildInfo', commandWithoutArguments(buildInfo)],
  ['buildinfo', commandWithoutArguments(buildInfo)],
  ['endSessions', command(() => success(), [])],
  ['refreshSessions', command(() => success(), [])],
  ['killSessions', command(() => success(), [])],
  ['connectionStatus', command(connectionStatus, ['showPrivileges'])],
  ['whatsmyuri', commandWithoutArguments(() => success({ you: 'unix socket' }))],
  ['getParameter', commandWithoutArguments(getParameter)],
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

function connectionStatus(): Uint8Array {
  return success({ authInfo: { authenticatedUsers: [], authenticatedUserRoles: [] } });
}

function getParameter(): Uint8Array {
  throw new CommandError('InvalidOptions', 'the embedded database has no parameters');
}
