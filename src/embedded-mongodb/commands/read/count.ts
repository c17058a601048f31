/** count: the number of documents that match. */

import type { CommandSteps } from '../../execution/task.ts';
import { CompiledFilter } from '../../filter/compiled-filter.ts';
import { countMatches } from '../../query/count.ts';
import { resolveHint } from '../../query/hint.ts';
import { collectionName, countArgument, documentArgument, numberArgument } from '../arguments.ts';
import { type CommandContext, success } from '../command.ts';
import { refuseCollation } from '../unsupported.ts';

export function* count(context: CommandContext): CommandSteps {
  const { command, server, slice } = context;
  refuseCollation(command);
  const collection = server.catalog.find(context.database, collectionName(context));
  const filter = new CompiledFilter(documentArgument(command, 'query'));
  if (collection === undefined) return success({ n: 0 });
  const skip = countArgument(command, 'skip', 0);
  const limit = Math.abs(numberArgument(command, 'limit', 0));
  const end = limit > 0 ? skip + limit : Infinity;
  const hint = resolveHint(collection, command['hint']);
  let n = 0;
  for (const counted of countMatches(server.file, collection, { filter, hint })) {
    n += counted;
    if (n >= end) break;
    if (slice.isSpent()) yield;
  }
  return success({ n: Math.max(0, Math.min(n, end) - skip) });
}
