/** The commands that read documents, by name. */
import type { Command, CommandFamily } from '../command.ts';
import { aggregate } from './aggregate.ts';
import { count } from './count.ts';
import { distinct } from './distinct.ts';
import { find } from './find.ts';
import { getMore, killCursors } from './get-more.ts';

export const readCommands: CommandFamily = new Map<string, Command>([
  ['find', find],
  ['getMore', getMore],
  ['killCursors', killCursors],
  ['count', count],
  ['distinct', distinct],
  ['aggregate', aggregate],
]);
