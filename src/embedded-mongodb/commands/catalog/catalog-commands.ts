/** The commands on collections and indexes, by name. */
import { type Command, type CommandFamily, command } from '../command.ts';
import { CREATE_OPTIONS, create, drop, dropDatabase, listCollections, listDatabases } from './collections.ts';
import { createIndexes, dropIndexes, listIndexes } from './indexes.ts';

export const catalogCommands: CommandFamily = new Map<string, Command>([
  ['create', command(create, CREATE_OPTIONS)],
  ['drop', command(drop, [])],
  ['dropDatabase', command(dropDatabase, [])],
  ['listCollections', command(listCollections, ['filter', 'nameOnly', 'authorizedCollections', 'cursor'])],
  ['listDatabases', command(listDatabases, ['filter', 'nameOnly', 'authorizedDatabases'])],
  ['createIndexes', command(createIndexes, ['indexes', 'commitQuorum', 'ignoreUnknownIndexOptions'])],
  ['dropIndexes', command(dropIndexes, ['index'])],
  ['deleteIndexes', command(dropIndexes, ['index'])],
  ['listIndexes', command(listIndexes, ['cursor'])],
]);
