/** delete: each statement removes the first document that matches, or all of them. */
import type { BsonDocument } from '../../bson/value.ts';
import { CommandError } from '../../command-error.ts';
import type { CommandSteps } from '../../execution/task.ts';
import { CompiledFilter } from '../../filter/compiled-filter.ts';
import { resolveHint } from '../../query/hint.ts';
import type { Query } from '../../query/query.ts';
import { assertNamespace } from '../../storage/namespace.ts';
import { collectionName, documentArgument, numberArgument } from '../arguments.ts';
import { type CommandContext, success } from '../command.ts';
import { refuseUnknownFields, requireField } from '../fields.ts';
import { refuseCollation, refuseOptions } from '../unsupported.ts';
import { runBulk, type Statement, statements } from './bulk.ts';
import { changeMatches, firstMatch } from './matching.ts';

export const DELETE_FIELDS = ['deletes', 'ordered', 'let'];

const STATEMENT_FIELDS: ReadonlySet<string> = new Set(['q', 'limit', 'hint', 'collation']);

export function* deleteDocuments(context: CommandContext): CommandSteps {
  const name = collectionName(context);
  assertNamespace(context.database, name);
  refuseOptions(context.command, ['let']);
  const deletes = statements(context, 'deletes');
  deletes.forEach(assertStatement);
  let n = 0;
  const outcome = yield* runBulk(context, deletes, function* (statement): Statement<void> {
    n += yield* deleteStatement(context, name, statement);
  });
  return success({ n, ...outcome });
}

/**
 * Checked before anything is deleted. A filter and a limit have no default, because the likely ones delete
 * everything.
 */
function assertStatement(statement: BsonDocument): void {
  refuseUnknownFields('delete.deletes', statement, STATEMENT_FIELDS);
  requireField('delete.deletes', statement, 'q');
  requireField('delete.deletes', statement, 'limit');
}

function* deleteStatement(context: CommandContext, name: string, statement: BsonDocument): Statement<number> {
  refuseCollation(statement);
  const filter = new CompiledFilter(documentArgument(statement, 'q'));
  const limit = numberArgument(statement, 'limit', 0);
  if (limit !== 0 && limit !== 1)
    throw new CommandError('FailedToParse', 'The limit field in delete objects must be 0 or 1');
  const collection = context.server.catalog.find(context.database, name);
  if (collection === undefined) return 0;
  const query: Query = { filter, sort: [], skip: 0, limit, hint: resolveHint(collection, statement['hint']) };
  if (limit === 1) {
    const match = yield* firstMatch(context, collection, query);
    if (match === undefined) return 0;
    collection.remove(match.record, match.document);
    return 1;
  }
  let removed = 0;
  yield* changeMatches(context, collection, query, ({ record, document }) => {
    collection.remove(record, document);
    removed += 1;
  });
  return removed;
}
