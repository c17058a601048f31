/**
 * insert: stores documents as they came, with an _id in front where they have none.
 */
import {
  type BsonDocument,
  decode,
  encodeStored,
  isDocument,
  ObjectId,
  typeOf,
  type Value,
} from '../bson/value.ts';
import { CommandError } from '../errors.ts';
import type { CommandSteps } from '../executor.ts';
import { assertNamespace } from '../storage/catalog.ts';
import { runBulk, statementBytes } from './bulk.ts';
import { type CommandContext, collectionName, success } from './command.ts';

export function* insert(context: CommandContext): CommandSteps {
  const name = collectionName(context);
  assertNamespace(context.database, name);
  let n = 0;
  const outcome = yield* runBulk(context, statementBytes(context, 'documents'), (bytes): undefined => {
    const collection = context.server.catalog.getOrCreate(context.database, name);
    const document = decode(bytes);
    assertFieldNames(document);
    const complete = withId(document);
    collection.insert(complete, beginsWithId(bytes) ? bytes : encodeStored(complete));
    n += 1;
  });
  return success({ n, ...outcome });
}

function assertFieldNames(document: BsonDocument): void {
  const name = Object.keys(document).find((field) => field.startsWith('$'));
  if (name === undefined) return;
  throw new CommandError('DollarPrefixedFieldName', `Document can't have $ prefixed field names: ${name}`);
}

function withId(document: BsonDocument): BsonDocument {
  if (Object.hasOwn(document, '_id')) {
    assertId(document['_id']);
    return document;
  }
  return { _id: new ObjectId(), ...document };
}

/** Then the bytes are stored as they came. The first name is behind the document's length and its type. */
function beginsWithId(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1', 5, 9) === '_id\0';
}

export function assertId(id: Value): void {
  const type = typeOf(id).alias;
  if (type === 'array' || type === 'regex' || type === 'undefined') {
    throw new CommandError('InvalidIdField', `The '_id' value cannot be of type ${type}`);
  }
  if (isDocument(id) && Object.keys(id).some((name) => name.startsWith('$'))) {
    throw new CommandError('DollarPrefixedFieldName', "_id fields may not contain '$'-prefixed fields");
  }
}
