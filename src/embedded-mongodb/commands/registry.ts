/**
 * All commands by name, and what is refused of any of them: transactions, compression, authentication,
 * change streams. Called for each request, on the database's thread.
 */
import { CommandError } from '../errors.ts';
import type { Slice } from '../executor.ts';
import type { Request } from '../wire/message.ts';
import { aggregateCommands } from './aggregate.ts';
import { catalogCommands } from './catalog.ts';
import {
  type Command,
  type CommandContext,
  type CommandResult,
  numberArgument,
  type Server,
} from './command.ts';
import { readCommands } from './find.ts';
import { handshakeCommands } from './handshake.ts';
import { writeCommands } from './write.ts';

const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ...handshakeCommands,
  ...readCommands,
  ...writeCommands,
  ...aggregateCommands,
  ...catalogCommands,
]);

const TRANSACTIONS = 'transactions are not supported by the embedded database';
const AUTHENTICATION =
  'authentication is not supported by the embedded database: its socket is open to its own user only';

/** MongoDB knows these commands; that they are missing deserves a sentence. */
const REFUSED: ReadonlyMap<string, CommandError> = new Map([
  ['commitTransaction', new CommandError('IllegalOperation', TRANSACTIONS)],
  ['abortTransaction', new CommandError('IllegalOperation', TRANSACTIONS)],
  [
    'mapReduce',
    new CommandError(
      'CommandNotSupported',
      'mapReduce is not supported by the embedded database: it runs no scripts',
    ),
  ],
  [
    'mapreduce',
    new CommandError(
      'CommandNotSupported',
      'mapReduce is not supported by the embedded database: it runs no scripts',
    ),
  ],
  ['saslStart', new CommandError('CommandNotSupported', AUTHENTICATION)],
  ['saslContinue', new CommandError('CommandNotSupported', AUTHENTICATION)],
  ['authenticate', new CommandError('CommandNotSupported', AUTHENTICATION)],
  ['logout', new CommandError('CommandNotSupported', AUTHENTICATION)],
  ['createUser', new CommandError('CommandNotSupported', AUTHENTICATION)],
  ['explain', new CommandError('CommandNotSupported', 'explain is not supported by the embedded database')],
  [
    'bulkWrite',
    new CommandError('CommandNotFound', "no such command: 'bulkWrite' (it came with MongoDB 8.0)"),
  ],
]);

/** @throws CommandError for what is unknown or refused */
export function execute(server: Server, connection: number, request: Request, slice: Slice): CommandResult {
  const { command, database, sequences } = request;
  const [name] = Object.keys(command);
  if (name === undefined) throw new CommandError('CommandNotFound', "no such command: ''");
  const run = COMMANDS.get(name);
  if (run === undefined)
    throw (
      REFUSED.get(name) ?? new CommandError('CommandNotFound', `no such command: '${name.slice(0, 200)}'`)
    );
  refuseTransactions(request);
  if (database === '')
    throw new CommandError('IDLFailedToParse', 'OP_MSG requests require a $db argument that is a string');
  slice.limitTo(numberArgument(command, 'maxTimeMS', 0));
  const context: CommandContext = { server, name, database, command, sequences, connection, slice };
  return run(context);
}

function refuseTransactions({ command }: Request): void {
  if (command['startTransaction'] !== undefined || command['autocommit'] !== undefined) {
    throw new CommandError('IllegalOperation', TRANSACTIONS);
  }
  if (command['txnNumber'] !== undefined) {
    const message = 'Transaction numbers are only allowed on a replica set member or mongos';
    throw new CommandError('IllegalOperation', message);
  }
}
