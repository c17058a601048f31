/**
 * The cursors of the list of VMs. A cursor is the place after the last VM shown, as an opaque text that the
 * client sends back. It carries no rights, because the owner always comes from the token: a forged one only
 * moves its forger's own list. A cursor that is malformed or belongs to another sort order is refused.
 */
import type { Filter, ObjectId } from 'mongodb';
import { InvalidCursorError } from '../../database/newest-first.ts';
import { parseObjectId } from '../../database/object-id.ts';
import type { SortOrder } from '../../database/stored-reads.ts';

export const VM_SORTS = ['createdAt', '-createdAt', 'name', '-name'] as const;
export type VmSort = (typeof VM_SORTS)[number];

/** The fields that lists are sorted by. `_id` decides between equals. */
export interface SortableVm {
  _id: ObjectId;
  name: string;
  createdAt: Date;
}

type Position = Filter<Pick<SortableVm, '_id' | 'name' | 'createdAt'>>;

/** A name of 64 characters fits, even if each is escaped and encoded at its longest. */
const MAX_CURSOR_CHARACTERS = 1_024;
const MAX_NAME_CHARACTERS = 256;
const BASE64URL = /^[A-Za-z0-9_-]+$/;
/** The largest time that a Date can hold (ECMAScript, "Time Values and Time Range"). */
const MAX_TIME_MS = 8.64e15;

export function sortOrder(sort: VmSort): SortOrder {
  const { field, direction } = parse(sort);
  return { [field]: direction, _id: direction };
}

export function encodeCursor(sort: VmSort, last: SortableVm): string {
  const { field } = parse(sort);
  const value = field === 'name' ? last.name : last.createdAt.getTime();
  return Buffer.from(JSON.stringify([sort, value, last._id.toHexString()])).toString('base64url');
}

/** @returns the filter for everything after the cursor. @throws InvalidCursorError */
export function afterCursor(sort: VmSort, cursor: string): Position {
  const { field, direction } = parse(sort);
  const { value, id } = decodeCursor(sort, cursor);
  // The outer bound is one range of the index. The $or only decides between equals.
  return direction === 1
    ? { [field]: { $gte: value }, $or: [{ [field]: { $gt: value } }, { _id: { $gt: id } }] }
    : { [field]: { $lte: value }, $or: [{ [field]: { $lt: value } }, { _id: { $lt: id } }] };
}

function parse(sort: VmSort): { field: 'name' | 'createdAt'; direction: 1 | -1 } {
  switch (sort) {
    case 'createdAt':
      return { field: 'createdAt', direction: 1 };
    case '-createdAt':
      return { field: 'createdAt', direction: -1 };
    case 'name':
      return { field: 'name', direction: 1 };
    case '-name':
      return { field: 'name', direction: -1 };
  }
}

function decodeCursor(sort: VmSort, cursor: string): { value: string | Date; id: ObjectId } {
  const parts = parseJson(cursor);
  if (!Array.isArray(parts) || parts.length !== 3) throw new InvalidCursorError();
  const [cursorSort, value, id]: unknown[] = parts;
  const objectId = typeof id === 'string' ? parseObjectId(id) : undefined;
  if (cursorSort !== sort || objectId === undefined) throw new InvalidCursorError();
  return { value: parse(sort).field === 'name' ? nameOf(value) : timeOf(value), id: objectId };
}

function parseJson(cursor: string): unknown {
  if (cursor.length > MAX_CURSOR_CHARACTERS || !BASE64URL.test(cursor)) throw new InvalidCursorError();
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    throw new InvalidCursorError();
  }
}

function nameOf(value: unknown): string {
  if (typeof value !== 'string' || value.length > MAX_NAME_CHARACTERS) throw new InvalidCursorError();
  return value;
}

function timeOf(value: unknown): Date {
  if (typeof value !== 'number' || !Number.isInteger(value) || Math.abs(value) > MAX_TIME_MS) {
    throw new InvalidCursorError();
  }
  return new Date(value);
}
