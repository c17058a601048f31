/**
 * All commands by name, and those that are refused. Connections call it for each request, on the database's
 * thread.
 */

import type { BsonDocument } from '../bson/value.ts';
import { CommandError } from '../command-error.ts';
import type { Slice } from '../execution/slice.ts';
import type { WireRequest } from '../wire/request.ts';
import { assertApiVersion } from './api-version.ts';
import { countArgument } from './arguments.ts';
import { catalogCommands } from './catalog/catalog-commands.ts';
import type { Command, CommandContext, CommandResult, Server } from './command.ts';
import { assertConcerns } from './concerns.ts';
import { refuseUnknownCommandFields } from './fields.ts';
import { handshakeCommands } from './handshake.ts';
import { readCommands } from './read/read-commands.ts';
import { statisticsCommands } from './statistics.ts';
import { unsupported } from './unsupported.ts';
import { writeCommands } from './write/write-commands.ts';

const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ...handshakeCommands,
  ...statisticsCommands,
  ...catalogCommands,
  ...readCommands,
  ...writeCommands,
]);

const MAX_SHOWN_LENGTH = 200;

/** Commands of MongoDB that deserve more words than "no such command". */
const REFUSED: ReadonlyMap<string, () => CommandError> = new Map([
  ['commitTransaction', noTransactions],
  ['abortTransaction', noTransactions],
  ['mapReduce', noScripts],
  ['mapreduce', noScripts],
  ['saslStart', noAuthentication],
  ['saslContinue', noAuthentication],
  ['authenticate', noAuthentication],
  ['logout', noAuthentication],
  ['createUser', noAuthentication],
  ['explain', () => unsupported('explain')],
  ['bulkWrite', () => noSuchCommand('bulkWrite', ' (MongoDB has it since version 8.0)')],
]);

/** @throws CommandError if the command is unknown or refused */
export function execute(
  server: Server,
  connection: number,
  request: WireRequest,
  slice: Slice,
): CommandResult {
  const { command, database, sequences } = request;
  const [name] = Object.keys(command);
  if (name === undefined) throw noSuchCommand('');
  const found = COMMANDS.get(name);
  if (found === undefined) throw REFUSED.get(name)?.() ?? noSuchCommand(name);
  refuseTransactions(request);
  if (database === '')
    throw new CommandError('IDLFailedToParse', 'OP_MSG requests require a $db argument that is a string');
  assertApiVersion(name, command);
  if (found.fields !== undefined) refuseUnknownCommandFields(name, command, sequences.keys(), found.fields);
  assertConcerns(command);
  const maxTimeMS = countArgument(command, 'maxTimeMS', 0);
  if (maxTimeMS > 0) slice.limitTo(maxTimeMS);
  const context: CommandContext = { server, name, database, command, sequences, connection, slice };
  return found.run(context);
}

/** Nobody needs the reply of such a command once its client is gone. */
export function isReadCommand(command: BsonDocument): boolean {
  const [name] = Object.keys(command);
  return name !== undefined && readCommands.has(name);
}

function refuseTransactions({ command }: WireRequest): void {
  if (command['startTransaction'] !== undefined || command['autocommit'] !== undefined)
    throw noTransactions();
  if (command['txnNumber'] !== undefined) {
    const message = 'Transaction numbers are only allowed on a replica set member or mongos';
    throw new CommandError('IllegalOperation', message);
  }
}

function noTransactions(): CommandError {
  const message = 'transactions are not supported by the embedded database';
  return new CommandError('IllegalOperation', message);
}

function noScripts(): CommandError {
  const message = 'mapReduce is not supported by the embedded database: it runs no scripts';
  return new CommandError('CommandNotSupported', message);
}

function noAuthentication(): CommandError {
  const reason = 'only the user that started it can open its socket';
  const message = `authentication is not supported by the embedded database: ${reason}`;
  return new CommandError('CommandNotSupported', message);
}

function noSuchCommand(name: string, note = ''): CommandError {
  return new CommandError('CommandNotFound', `no such command: '${name.slice(0, MAX_SHOWN_LENGTH)}'${note}`);
}
