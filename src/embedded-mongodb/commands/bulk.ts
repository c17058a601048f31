/**
 * What the bulk writes (insert, update, delete) share: their statements run one by one, in order or not,
 * and the errors of single statements are collected for the reply.
 */
import { type BsonDocument, decode, isDocument, type Value } from '../bson/value.ts';
import { CommandError } from '../errors.ts';
import { booleanArgument, type CommandContext } from './command.ts';

/** hello's maxWriteBatchSize. */
export const MAX_WRITE_BATCH = 100_000;

/** One statement of a bulk, in steps. */
export type Statement<Result> = Generator<void, Result>;

/** Runs the statements and collects the errors; after one, an ordered bulk ends. */
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
  if (bytes === undefined)
    throw new CommandError(
      'IDLFailedToParse',
      `BSON field '${context.name}.${name}' is missing or no array of documents`,
    );
  return bytes;
}

export function statements(context: CommandContext, name: string): readonly BsonDocument[] {
  const values: Value = context.command[name];
  if (context.sequences.has(name)) return statementBytes(context, name).map(decode);
  if (Array.isArray(values) && values.every(isDocument)) return values;
  throw new CommandError(
    'IDLFailedToParse',
    `BSON field '${context.name}.${name}' is missing or no array of documents`,
  );
}
