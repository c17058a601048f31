/** The commands that write documents, by name. */
import { type Command, type CommandFamily, command } from '../command.ts';
import { DELETE_FIELDS, deleteDocuments } from './delete.ts';
import { FIND_AND_MODIFY_FIELDS, findAndModify } from './find-and-modify.ts';
import { INSERT_FIELDS, insert } from './insert.ts';
import { UPDATE_FIELDS, update } from './update.ts';

export const writeCommands: CommandFamily = new Map<string, Command>([
  ['insert', command(insert, INSERT_FIELDS)],
  ['update', command(update, UPDATE_FIELDS)],
  ['delete', command(deleteDocuments, DELETE_FIELDS)],
  ['findAndModify', command(findAndModify, FIND_AND_MODIFY_FIELDS)],
  ['findandmodify', command(findAndModify, FIND_AND_MODIFY_FIELDS)],
]);
