/** insert: stores documents byte for byte. A document without an _id gets one, as its first field. */

import { decode, encodeStored } from '../../bson/codec.ts';
import { isReferenceField } from '../../bson/reference.ts';
import { typeAlias } from '../../bson/type-names.ts';
import { type BsonDocument, isDocument, ObjectId, type Value, withId } from '../../bson/value.ts';
import { CommandError } from '../../command-error.ts';
import type { CommandSteps } from '../../execution/task.ts';
import { assertNamespace } from '../../storage/namespace.ts';
import { collectionName } from '../arguments.ts';
import { type CommandContext, success } from '../command.ts';
import { runBulk, statementBytes } from './bulk.ts';

/** Documents are not validated, so bypassing that changes nothing. */
export const INSERT_FIELDS = ['documents', 'ordered', 'bypassDocumentValidation'];

export function* insert(context: CommandContext): CommandSteps {
  const name = collectionName(context);
  assertNamespace(context.database, name);
  let n = 0;
  const outcome = yield* runBulk(context, statementBytes(context, 'documents'), (bytes): undefined => {
    const collection = context.server.catalog.getOrCreate(context.database, name);
    const document = decode(bytes);
    const withOwnId = complete(document);
    collection.insert(withOwnId, beginsWithId(bytes) ? bytes : encodeStored(withOwnId));
    n += 1;
  });
  return success({ n, ...outcome });
}

function complete(document: BsonDocument): BsonDocument {
  if (Object.hasOwn(document, '_id')) {
    assertId(document['_id']);
    return document;
  }
  return withId(document, new ObjectId());
}

/** If so, the bytes are stored unchanged. The first name follows the document's length and a type byte. */
function beginsWithId(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1', 5, 9) === '_id\0';
}

export function assertId(id: Value): void {
  const type = typeAlias(id);
  if (type === 'array' || type === 'regex' || type === 'undefined') {
    throw new CommandError('InvalidIdField', `The '_id' value cannot be of type ${type}`);
  }
  if (isDocument(id) && Object.keys(id).some((name) => name.startsWith('$') && !isReferenceField(name))) {
    throw new CommandError('DollarPrefixedFieldName', "_id fields may not contain '$'-prefixed fields");
  }
}
