/**
 * The border between ids as clients write them (24 hexadecimal digits) and ObjectIds as the database stores
 * them. Used by every repository.
 */
import { ObjectId } from 'mongodb';

const HEXADECIMAL_ID = /^[0-9a-f]{24}$/i;

/** @returns undefined for anything that cannot be the id of a document: whoever asks answers as if it were absent */
export function parseObjectId(id: string): ObjectId | undefined {
  // ObjectId's own check also takes numbers and byte arrays.
  return HEXADECIMAL_ID.test(id) ? ObjectId.createFromHexString(id) : undefined;
}

/** For ids that this application made itself, such as the subject of a verified token. */
export function requireObjectId(id: string): ObjectId {
  const objectId = parseObjectId(id);
  if (objectId === undefined) throw new TypeError('an id has 24 hexadecimal digits');
  return objectId;
}
