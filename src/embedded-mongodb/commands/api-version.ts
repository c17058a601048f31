/** MongoDB's Stable API: a client may ask for version 1, and for nothing beside it (`apiStrict`). */
import type { BsonDocument } from '../bson/value.ts';
import { CommandError } from '../command-error.ts';
import { booleanArgument } from './arguments.ts';

/** The commands of version 1 that this database has. */
const STABLE_COMMANDS: ReadonlySet<string> = new Set([
  'aggregate',
  'count',
  'create',
  'createIndexes',
  'delete',
  'drop',
  'dropDatabase',
  'dropIndexes',
  'endSessions',
  'find',
  'findAndModify',
  'getMore',
  'hello',
  'insert',
  'killCursors',
  'killSessions',
  'listCollections',
  'listDatabases',
  'listIndexes',
  'ping',
  'refreshSessions',
  'update',
]);

/**
 * @throws CommandError for another version, and for a command that is not in version 1 if that is asked for
 */
export function assertApiVersion(name: string, command: BsonDocument): void {
  const version = command['apiVersion'];
  if (version === undefined) {
    for (const field of ['apiStrict', 'apiDeprecationErrors']) {
      if (command[field] === undefined) continue;
      throw new CommandError('ApiVersionMissing', `Provided ${field} without passing apiVersion`);
    }
    return;
  }
  if (version !== '1') throw new CommandError('APIVersionError', 'API version must be "1"');
  if (!booleanArgument(command, 'apiStrict', false) || STABLE_COMMANDS.has(name)) return;
  const message = `Provided apiStrict:true, but the command ${name} is not in API Version 1`;
  throw new CommandError('APIStrictError', message);
}
