/** The commands on collections and indexes, by name. */
import type { Command, CommandFamily } from '../command.ts';
import { create, drop, dropDatabase, listCollections, listDatabases } from './collections.ts';
import { createIndexes, dropIndexes, listIndexes } from './indexes.ts';

export const catalogCommands: CommandFamily = new Map<string, Command>([
  ['create', create],
  ['drop', drop],
  ['dropDatabase', dropDatabase],
  ['listCollections', listCollections],
  ['listDatabases', listDatabases],
  ['createIndexes', createIndexes],
  ['dropIndexes', dropIndexes],
  ['deleteIndexes', dropIndexes],
  ['listIndexes', listIndexes],
]);
