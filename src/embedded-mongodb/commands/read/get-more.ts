/** getMore and killCursors: the commands on an open cursor. */

import { isNumber, Long, toNumber, type Value } from '../../bson/value.ts';
import { CommandError } from '../../command-error.ts';
import type { CommandSteps } from '../../execution/task.ts';
import { CursorReply } from '../../wire/cursor-reply.ts';
import { countArgument, stringArgument } from '../arguments.ts';
import { type CommandContext, type CommandResult, success } from '../command.ts';
import { fillBatch } from './batches.ts';

export function* getMore(context: CommandContext): CommandSteps {
  const { command, server, database } = context;
  const id = cursorId(command['getMore']);
  const namespace = `${database}.${stringArgument(command, 'collection')}`;
  const cursor = server.cursors.get(id, namespace);
  const batchSize = countArgument(command, 'batchSize', 0);
  cursor.busy = true;
  context.slice.limitTo(cursor.timeLeft);
  let finished = true;
  try {
    const reply = new CursorReply('nextBatch');
    if (cursor.pending !== undefined) reply.add(cursor.pending);
    const { exhausted, pending } = yield* fillBatch(
      context.slice,
      cursor.results,
      reply,
      batchSize || Infinity,
    );
    cursor.pending = pending;
    finished = exhausted;
    return reply.encode(finished ? 0n : id, namespace);
  } finally {
    cursor.busy = false;
    cursor.timeLeft = context.slice.timeLeft;
    cursor.lastUsed = Date.now();
    // An error also ends the cursor.
    if (finished) server.cursors.close(id);
  }
}

export function killCursors(context: CommandContext): CommandResult {
  const { command, server } = context;
  const ids = command['cursors'];
  if (!Array.isArray(ids))
    throw new CommandError('TypeMismatch', "BSON field 'killCursors.cursors' must be an array");
  const killed: Long[] = [];
  const notFound: Long[] = [];
  for (const value of ids) {
    const id = cursorId(value);
    (server.cursors.close(id) ? killed : notFound).push(Long.fromBigInt(id));
  }
  return success({ cursorsKilled: killed, cursorsNotFound: notFound, cursorsAlive: [], cursorsUnknown: [] });
}

function cursorId(value: Value): bigint {
  if (value instanceof Long) return value.toBigInt();
  if (isNumber(value)) return BigInt(Math.trunc(toNumber(value) || 0));
  throw new CommandError('TypeMismatch', 'a cursor id must be a 64-bit integer');
}
