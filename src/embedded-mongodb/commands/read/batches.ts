/**
 * Answers with results in batches. A batch is filled step by step, so that a long scan gives way to other
 * commands. All commands that return a cursor use it.
 */

import { encode } from '../../bson/codec.ts';
import { type BsonDocument, MAX_DOCUMENT_BYTES } from '../../bson/value.ts';
import type { Slice } from '../../execution/slice.ts';
import type { CommandSteps } from '../../execution/task.ts';
import type { Results } from '../../query/query.ts';
import { CursorReply } from '../../wire/cursor-reply.ts';
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
  const reply = new CursorReply('firstBatch');
  const { exhausted, pending } = yield* fillBatch(context.slice, results, reply, batchSize);
  let id = 0n;
  if (singleBatch) results.return(undefined);
  else if (!exhausted) {
    const { server, connection, slice } = context;
    id = server.cursors.open({ namespace, connection, results, pending, timeLeft: slice.timeLeft }).id;
  }
  return reply.encode(id, namespace);
}

/** Why a batch ended. */
export interface BatchEnd {
  readonly exhausted: boolean;
  /** A result that did not fit. */
  readonly pending: Uint8Array | undefined;
}

/** Takes results until the reply has enough documents or bytes. */
export function* fillBatch(
  slice: Slice,
  results: Results,
  reply: CursorReply,
  size: number,
): Generator<void, BatchEnd> {
  while (reply.count < size) {
    const next = results.next();
    if (next.done === true) return { exhausted: true, pending: undefined };
    const document = next.value;
    if (document !== undefined) {
      if (reply.count > 0 && reply.documentBytes + document.length > MAX_DOCUMENT_BYTES) {
        return { exhausted: false, pending: new Uint8Array(document) };
      }
      reply.add(document);
    }
    if (slice.isSpent()) yield;
  }
  return { exhausted: false, pending: undefined };
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
