/**
 * The border between ids as clients write them (24 hexadecimal digits) and ObjectIds as the database stores
 * them. Used by every repository.
 */
import { ObjectId } from 'mongodb';
import { isObjectId } from './hexadecimal-id.ts';

/** @returns undefined for a malformed id, which callers treat as one that does not exist */
export function parseObjectId(id: string): ObjectId | undefined {
  return isObjectId(id) ? ObjectId.createFromHexString(id) : undefined;
}

/** For ids that this application made itself, such as the subject of a verified token. */
export function requireObjectId(id: string): ObjectId {
  const objectId = parseObjectId(id);
  if (objectId === undefined) throw new TypeError('an id has 24 hexadecimal digits');
  return objectId;
}

/**
 * The condition that an id is one of these. Every database is quick at comparing a single one directly.
 * @param ids hexadecimal, in lower case
 */
export function anyOf(ids: readonly string[]): ObjectId | { readonly $in: ObjectId[] } {
  const distinct = Array.from(new Set(ids), (id) => ObjectId.createFromHexString(id));
  const [only] = distinct;
  return only !== undefined && distinct.length === 1 ? only : { $in: distinct };
}
