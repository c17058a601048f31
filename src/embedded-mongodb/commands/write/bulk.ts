/**
 * The part that insert, update and delete share. Their statements run one by one, and the reply collects the
 * errors of single statements.
 */

import { decode } from '../../bson/codec.ts';
import { type BsonDocument, isDocument, type Value } from '../../bson/value.ts';
import { CommandError } from '../../command-error.ts';
import { booleanArgument } from '../arguments.ts';
import type { CommandContext } from '../command.ts';

/** The maxWriteBatchSize of hello. */
export const MAX_WRITE_BATCH = 100_000;

/** One statement of a bulk write, in steps. */
export type Statement<Result> = Generator<void, Result>;

/** Runs the statements and collects their errors. An ordered bulk ends with the first error. */
export function* runBulk<Item>(
  context: CommandContext,
  items: readonly Item[],
  run: (item: Item, index: number) => Statement<void> | undefined,
): Generator<void, Record<string, unknown>> {
  if (items.length === 0 || items.length > MAX_WRITE_BATCH) {
    throw new CommandError(
      'BadValue',
      `Write batch sizes must be between 1 and ${MAX_WRITE_BATCH}. Got ${items.length}.`,
    );
  }
  const ordered = booleanArgument(context.command, 'ordered', true);
  const writeErrors: Record<string, unknown>[] = [];
  for (const [index, item] of items.entries()) {
    try {
      const steps = run(item, index);
      if (steps !== undefined) yield* steps;
    } catch (error) {
      if (!(error instanceof CommandError) || error.codeName === 'MaxTimeMSExpired') throw error;
      writeErrors.push({ index, code: error.code, errmsg: error.message, ...error.details });
      if (ordered) break;
    }
    if (context.slice.isSpent()) yield;
  }
  return writeErrors.length > 0 ? { writeErrors } : {};
}

export function statementBytes(context: CommandContext, name: string): readonly Uint8Array[] {
  const bytes = context.sequences.get(name);
  if (bytes === undefined) throw noStatements(context, name);
  return bytes;
}

export function statements(context: CommandContext, name: string): readonly BsonDocument[] {
  if (context.sequences.has(name)) return statementBytes(context, name).map(decode);
  const values: Value = context.command[name];
  if (Array.isArray(values) && values.every(isDocument)) return values;
  throw noStatements(context, name);
}

function noStatements(context: CommandContext, name: string): CommandError {
  const message = `BSON field '${context.name}.${name}' is missing or not an array of documents`;
  return new CommandError('IDLFailedToParse', message);
}
