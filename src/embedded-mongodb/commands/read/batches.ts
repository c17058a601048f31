/**
 * Answers with results in batches. A batch is filled step by step, so that a long scan gives way to other
 * commands. All commands that return a cursor use it.
 */

import { encode } from '../../bson/codec.ts';
import { type BsonDocument, MAX_DOCUMENT_BYTES } from '../../bson/value.ts';
import type { Slice } from '../../execution/slice.ts';
import type { CommandSteps } from '../../execution/task.ts';
import type { Results } from '../../query/query.ts';
import { encodeCursorReply } from '../../wire/cursor-reply.ts';
import { countArgument, documentArgument } from '../arguments.ts';
import type { CommandContext } from '../command.ts';

/** MongoDB's size of the first batch, if the command names none. */
export const DEFAULT_BATCH_SIZE = 101;

/** Answers with the first results. If there are more, the reply names a cursor for the rest. */
export function* firstBatch(
  context: CommandContext,
  namespace: string,
  results: Results,
  batchSize: number,
  singleBatch: boolean,
): CommandSteps {
  const batch = yield* fillBatch(context.slice, results, undefined, batchSize);
  let id = 0n;
  if (singleBatch) results.return(undefined);
  else if (!batch.exhausted)
    id = context.server.cursors.open(namespace, context.connection, results, batch.pending).id;
  return encodeCursorReply('firstBatch', batch.documents, id, namespace);
}

export interface Batch {
  readonly documents: readonly Uint8Array[];
  readonly exhausted: boolean;
  /** A result that did not fit. */
  readonly pending: Uint8Array | undefined;
}

/** Takes results until the batch has enough documents or bytes. */
export function* fillBatch(
  slice: Slice,
  results: Results,
  pending: Uint8Array | undefined,
  size: number,
): Generator<void, Batch> {
  const documents: Uint8Array[] = pending === undefined ? [] : [pending];
  let bytes = pending?.length ?? 0;
  while (documents.length < size) {
    const next = results.next();
    if (next.done === true) return { documents, exhausted: true, pending: undefined };
    const document = next.value;
    if (document !== undefined) {
      if (documents.length > 0 && bytes + document.length > MAX_DOCUMENT_BYTES) {
        return { documents, exhausted: false, pending: document };
      }
      documents.push(document);
      bytes += document.length;
    }
    if (slice.isSpent()) yield;
  }
  return { documents, exhausted: false, pending: undefined };
}

/** Answers with documents that are in memory already, such as a list of indexes. */
export function listing(
  context: CommandContext,
  namespace: string,
  documents: readonly BsonDocument[],
): CommandSteps {
  return firstBatch(context, namespace, encoded(documents), batchSizeOf(context), false);
}

/** The `cursor: {batchSize}` of the commands that take it so. */
export function batchSizeOf({ command }: CommandContext): number {
  return countArgument(documentArgument(command, 'cursor'), 'batchSize', DEFAULT_BATCH_SIZE);
}

function* encoded(documents: readonly BsonDocument[]): Results {
  for (const document of documents) yield encode(document);
}
