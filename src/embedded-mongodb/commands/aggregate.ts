/**
 * aggregate: a pipeline of the stages that need no second collection and no script. The first stages
 * become one planned query where they can; the others work on the stream of its results.
 */

import { buildPipeline, type Pipeline, type Stream } from '../aggregate/pipeline.ts';
import { type BsonDocument, encode, isDocument } from '../bson/value.ts';
import type { Results } from '../cursors.ts';
import { CommandError } from '../errors.ts';
import type { CommandSteps } from '../executor.ts';
import { countMatches } from '../query/count.ts';
import { findMatches, type Query, resolveHint } from '../query/query.ts';
import { assertNamespace } from '../storage/catalog.ts';
import type { Collection } from '../storage/collection.ts';
import type { SqliteFile } from '../storage/sqlite.ts';
import {
  type Command,
  type CommandContext,
  type CommandFamily,
  collectionName,
  countArgument,
  documentArgument,
  refuseCollation,
} from './command.ts';
import { firstBatch } from './find.ts';

const DEFAULT_BATCH = 101;
const MAX_STAGES = 100;

export const aggregateCommands: CommandFamily = new Map<string, Command>([['aggregate', aggregate]]);

function aggregate(context: CommandContext): CommandSteps {
  const { command, server, database } = context;
  refuseCollation(command);
  const name = collectionName(context);
  assertNamespace(database, name);
  if (command['explain'] === true)
    throw new CommandError('CommandNotSupported', 'explain is not supported by the embedded database');
  const cursor = command['cursor'];
  if (!isDocument(cursor))
    throw new CommandError(
      'FailedToParse',
      "The 'cursor' option is required, except for aggregate with the explain argument",
    );
  const pipeline = buildPipeline(stages(command));
  const collection = server.catalog.find(database, name);
  const query = { ...pipeline.query, hint: collection && resolveHint(collection, command['hint']) };
  const batchSize = countArgument(documentArgument(command, 'cursor'), 'batchSize', DEFAULT_BATCH);
  return firstBatch(
    context,
    `${database}.${name}`,
    encoded(resultsOf(server.file, collection, pipeline, query)),
    batchSize,
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
