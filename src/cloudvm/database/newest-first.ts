/**
 * Pages of a list whose newest entry comes first, by keyset: a cursor is the place after the last entry
 * shown. It carries no rights, because the filter of the list comes from the token. Used where a list has one
 * order.
 */
import type { Document, Filter, ObjectId } from 'mongodb';
import { parseObjectId } from './object-id.ts';

/** The order of every such list. `_id` decides between equals. */
export const NEWEST_FIRST = { createdAt: -1, _id: -1 } as const;

interface Entry {
  readonly _id: ObjectId;
  readonly createdAt: Date;
}

/** The cursor was not made by a list of this kind. */
export class InvalidCursorError extends Error {
  readonly code = 'INVALID_CURSOR';
  override readonly name = 'InvalidCursorError';

  constructor() {
    super('the cursor was not issued for this list and sort order');
  }
}

const CURSOR = /^(?<time>\d{1,15})-(?<id>[0-9a-f]{24})$/;
const MAX_CURSOR_CHARACTERS = 64;

/** @returns what comes after the cursor. @throws InvalidCursorError */
export function olderThan<Schema extends Document>(cursor: string | undefined): Filter<Schema> {
  if (cursor === undefined) return {};
  const { time = '', id = '' } = (decoded(cursor).match(CURSOR)?.groups ?? {}) as Record<string, string>;
  const _id = parseObjectId(id);
  if (_id === undefined) throw new InvalidCursorError();
  const createdAt = new Date(Number(time));
  // The outer bound is one range of the index. The $or only decides between equals.
  const after: Filter<Entry> = {
    createdAt: { $lte: createdAt },
    $or: [{ createdAt: { $lt: createdAt } }, { _id: { $lt: _id } }],
  };
  return after as Filter<Schema>;
}

/**
 * @param found one entry more than the page shows, if there is one
 * @returns the entries of the page, and where the next one begins
 */
export function pageOf<Found extends Entry>(
  found: readonly Found[],
  limit: number,
): { readonly shown: readonly Found[]; readonly nextCursor: string | null } {
  const shown = found.slice(0, limit);
  const last = found.length > limit ? shown.at(-1) : undefined;
  return { shown, nextCursor: last === undefined ? null : encode(last) };
}

function encode({ _id, createdAt }: Entry): string {
  return Buffer.from(`${createdAt.getTime()}-${_id.toHexString()}`).toString('base64url');
}

function decoded(cursor: string): string {
  return cursor.length > MAX_CURSOR_CHARACTERS ? '' : Buffer.from(cursor, 'base64url').toString('latin1');
}
