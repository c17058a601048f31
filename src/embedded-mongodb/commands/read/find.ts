/** find: the documents that match, sorted and projected, in batches. */

import type { BsonDocument } from '../../bson/value.ts';
import { CompiledFilter } from '../../filter/compiled-filter.ts';
import { resolveHint } from '../../query/hint.ts';
import { compileProjection } from '../../query/projection.ts';
import { findResults, type Query, type Results } from '../../query/query.ts';
import { parseSort } from '../../query/sort.ts';
import { assertNamespace } from '../../storage/namespace.ts';
import {
  booleanArgument,
  collectionName,
  countArgument,
  documentArgument,
  numberArgument,
} from '../arguments.ts';
import type { CommandContext, CommandResult } from '../command.ts';
import { refuseCollation, refuseOptions } from '../unsupported.ts';
import { DEFAULT_BATCH_SIZE, firstBatch } from './batches.ts';

/** Options of MongoDB's find that this database does not have. */
const REFUSED_OPTIONS = ['tailable', 'awaitData', 'returnKey', 'showRecordId', 'min', 'max', 'let'] as const;
/** The last four have no effect here. */
export const FIND_FIELDS = [
  ...REFUSED_OPTIONS,
  'filter',
  'sort',
  'projection',
  'hint',
  'skip',
  'limit',
  'batchSize',
  'singleBatch',
  'collation',
  'allowDiskUse',
  'allowPartialResults',
  'noCursorTimeout',
  'oplogReplay',
];

export function find(context: CommandContext): CommandResult {
  const { command, server, database } = context;
  const name = collectionName(context);
  assertNamespace(database, name);
  refuseCollation(command);
  refuseOptions(command, REFUSED_OPTIONS);
  const query = readQuery(command);
  const projection = compileProjection(documentArgument(command, 'projection'));
  const batchSize = countArgument(command, 'batchSize', DEFAULT_BATCH_SIZE);
  const singleBatch = booleanArgument(command, 'singleBatch', false) || hasNegativeLimit(command);
  const collection = server.catalog.find(database, name);
  const results =
    collection === undefined
      ? noResults()
      : findResults(
          server.file,
          collection,
          { ...query, hint: resolveHint(collection, command['hint']) },
          projection,
        );
  // A batch that can hold the whole limit ends the results, so that no cursor stays open.
  const size = query.limit !== 0 && batchSize >= query.limit ? Infinity : batchSize;
  return firstBatch(context, `${database}.${name}`, results, size, singleBatch);
}

function readQuery(command: BsonDocument): Query {
  const limit = Math.abs(numberArgument(command, 'limit', 0));
  const skip = countArgument(command, 'skip', 0);
  const sort = parseSort(documentArgument(command, 'sort'));
  const filter = new CompiledFilter(documentArgument(command, 'filter'));
  return { filter, sort, skip, limit };
}

/** Old drivers send `limit: -n` for one batch of n. */
function hasNegativeLimit(command: BsonDocument): boolean {
  return numberArgument(command, 'limit', 0) < 0;
}

function* noResults(): Results {}
