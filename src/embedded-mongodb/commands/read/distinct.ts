/** distinct: the different values of a field. */

import { MISSING, splitPath, valuesAt } from '../../bson/path.ts';
import { type BsonDocument, MAX_DOCUMENT_BYTES, type Value } from '../../bson/value.ts';
import { CommandError } from '../../command-error.ts';
import type { CommandSteps } from '../../execution/task.ts';
import { CompiledFilter } from '../../filter/compiled-filter.ts';
import { everyMatch, findMatches } from '../../query/query.ts';
import { identityOf } from '../../storage/keys/key.ts';
import { collectionName, documentArgument, stringArgument } from '../arguments.ts';
import { type CommandContext, success } from '../command.ts';
import { refuseCollation } from '../unsupported.ts';

/** The reply must fit into one document. */
const MAX_DISTINCT_BYTES = MAX_DOCUMENT_BYTES;
/** An estimate of what a value needs in the reply beside its own bytes. */
const BYTES_PER_VALUE = 8;

export function* distinct(context: CommandContext): CommandSteps {
  const { command, server, slice } = context;
  refuseCollation(command);
  const collection = server.catalog.find(context.database, collectionName(context));
  const filter = new CompiledFilter(documentArgument(command, 'query'));
  const path = splitPath(stringArgument(command, 'key'));
  const values = new Map<string, Value>();
  if (collection === undefined) return success({ values: [] });
  let bytes = 0;
  for (const match of findMatches(server.file, collection, everyMatch(filter))) {
    for (const value of match === undefined ? [] : distinctValues(match.document, path)) {
      const identity = identityOf(value);
      if (values.has(identity)) continue;
      values.set(identity, value);
      bytes += identity.length + BYTES_PER_VALUE;
      if (bytes > MAX_DISTINCT_BYTES)
        throw new CommandError('BSONObjectTooLarge', 'distinct too big, 16mb cap');
    }
    if (slice.isSpent()) yield;
  }
  return success({ values: [...values.values()] });
}

function distinctValues(document: BsonDocument, path: readonly string[]): Value[] {
  return valuesAt(document, path).flatMap((value) =>
    value === MISSING ? [] : Array.isArray(value) ? value : [value],
  );
}
