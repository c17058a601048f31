/**
 * aggregate: a pipeline of stages that need no second collection and no script. The leading stages become one
 * planned query if possible, and the others process the stream of its results.
 */

import { buildPipeline, type Pipeline } from '../../aggregate/pipeline.ts';
import type { Stream } from '../../aggregate/stage.ts';
import { encode } from '../../bson/codec.ts';
import { type BsonDocument, isDocument, isNumber } from '../../bson/value.ts';
import { CommandError } from '../../command-error.ts';
import type { CommandSteps } from '../../execution/task.ts';
import { countMatches } from '../../query/count.ts';
import { resolveHint } from '../../query/hint.ts';
import { findMatches, type Query, type Results } from '../../query/query.ts';
import type { Collection } from '../../storage/collection.ts';
import { assertNamespace } from '../../storage/namespace.ts';
import type { SqliteFile } from '../../storage/sqlite-file.ts';
import { collectionName } from '../arguments.ts';
import type { CommandContext } from '../command.ts';
import { refuseCollation, refuseOptions, unsupported } from '../unsupported.ts';
import { batchSizeOf, firstBatch } from './batches.ts';

const MAX_STAGES = 100;

/** Options of MongoDB's aggregate that this database does not have. */
const REFUSED_OPTIONS = ['explain', 'let'] as const;
/** The last two have no effect here. */
export const AGGREGATE_FIELDS = [
  ...REFUSED_OPTIONS,
  'pipeline',
  'cursor',
  'hint',
  'collation',
  'allowDiskUse',
  'bypassDocumentValidation',
];

export function aggregate(context: CommandContext): CommandSteps {
  const { command, server, database } = context;
  refuseCollation(command);
  if (isNumber(command['aggregate'])) throw unsupported('an aggregation of a whole database, {aggregate: 1}');
  const name = collectionName(context);
  assertNamespace(database, name);
  refuseOptions(command, REFUSED_OPTIONS);
  const cursor = command['cursor'];
  if (!isDocument(cursor))
    throw new CommandError(
      'FailedToParse',
      "The 'cursor' option is required, except for aggregate with the explain argument",
    );
  const pipeline = buildPipeline(stages(command));
  const collection = server.catalog.find(database, name);
  const query = { ...pipeline.query, hint: collection && resolveHint(collection, command['hint']) };
  return firstBatch(
    context,
    `${database}.${name}`,
    encoded(resultsOf(server.file, collection, pipeline, query)),
    batchSizeOf(context),
    false,
  );
}

function resultsOf(
  file: SqliteFile,
  collection: Collection | undefined,
  { count, run }: Pipeline,
  query: Query,
): Stream {
  if (collection === undefined) return run(noDocuments());
  if (count !== undefined) return counted(countMatches(file, collection, query), count);
  return run(documentsOf(findMatches(file, collection, query)));
}

function* counted(parts: Generator<number>, answer: (matches: number) => readonly BsonDocument[]): Stream {
  let matches = 0;
  for (const part of parts) {
    matches += part;
    yield undefined;
  }
  yield* answer(matches);
}

function* documentsOf(matches: ReturnType<typeof findMatches>): Stream {
  for (const match of matches) yield match?.document;
}

function* noDocuments(): Stream {}

function stages(command: BsonDocument): readonly BsonDocument[] {
  const pipeline = command['pipeline'];
  if (!Array.isArray(pipeline))
    throw new CommandError('TypeMismatch', "'pipeline' option must be specified as an array");
  if (pipeline.length > MAX_STAGES)
    throw new CommandError('FailedToParse', `a pipeline has at most ${MAX_STAGES} stages`);
  return pipeline.map((stage) => {
    if (isDocument(stage)) return stage;
    throw new CommandError('TypeMismatch', "Each element of the 'pipeline' array must be an object");
  });
}

function* encoded(documents: Generator<BsonDocument | undefined>): Results {
  for (const document of documents) yield document === undefined ? undefined : encode(document);
}
