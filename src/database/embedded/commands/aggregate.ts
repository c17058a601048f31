/**
 * aggregate: a pipeline of the stages that need no second collection and no script. The first stages
 * become one planned query where they can; the others work on the stream of its results.
 */

import { buildPipeline } from '../aggregate/pipeline.ts';
import { type BsonDocument, encode, isDocument } from '../bson/value.ts';
import type { Results } from '../cursors.ts';
import { CommandError } from '../errors.ts';
import type { CommandSteps } from '../executor.ts';
import { findMatches, resolveHint } from '../query/query.ts';
import { assertNamespace } from '../storage/catalog.ts';
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
  const source = function* (): Generator<BsonDocument | undefined> {
    if (collection === undefined) return;
    const query = { ...pipeline.query, hint: resolveHint(collection, command['hint']) };
    for (const match of findMatches(server.file, collection, query)) yield match?.document;
  };
  const batchSize = countArgument(documentArgument(command, 'cursor'), 'batchSize', DEFAULT_BATCH);
  return firstBatch(context, `${database}.${name}`, encoded(pipeline.run(source())), batchSize, false);
}

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
