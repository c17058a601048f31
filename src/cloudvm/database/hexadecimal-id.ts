/**
 * The form in which clients write the id of a document. It is apart from object-id.ts because every worker
 * checks the ids in tokens, also one that has not loaded the driver.
 */
const HEXADECIMAL_ID = /^[0-9a-f]{24}$/i;

/** Whether the text can be the id of a document. */
export function isObjectId(text: string): boolean {
  // ObjectId's own check also takes numbers and byte arrays.
  return HEXADECIMAL_ID.test(text);
}
