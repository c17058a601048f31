/** The commands that write documents, by name. */
import type { Command, CommandFamily } from '../command.ts';
import { deleteDocuments } from './delete.ts';
import { findAndModify } from './find-and-modify.ts';
import { insert } from './insert.ts';
import { update } from './update.ts';

export const writeCommands: CommandFamily = new Map<string, Command>([
  ['insert', insert],
  ['update', update],
  ['delete', deleteDocuments],
  ['findAndModify', findAndModify],
  ['findandmodify', findAndModify],
]);
