/** The commands that read documents, by name. */
import { type Command, type CommandFamily, command } from '../command.ts';
import { AGGREGATE_FIELDS, aggregate } from './aggregate.ts';
import { count } from './count.ts';
import { distinct } from './distinct.ts';
import { FIND_FIELDS, find } from './find.ts';
import { getMore, killCursors } from './get-more.ts';

export const readCommands: CommandFamily = new Map<string, Command>([
  ['find', command(find, FIND_FIELDS)],
  ['getMore', command(getMore, ['collection', 'batchSize'])],
  ['killCursors', command(killCursors, ['cursors'])],
  ['count', command(count, ['query', 'limit', 'skip', 'hint', 'collation', 'fields'])],
  ['distinct', command(distinct, ['key', 'query', 'collation'])],
  ['aggregate', command(aggregate, AGGREGATE_FIELDS)],
]);
