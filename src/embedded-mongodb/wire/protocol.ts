/**
 * Numbers of MongoDB's wire protocol that readers and writers share. See
 * https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/.
 */

/** The maxMessageSizeBytes of hello. */
export const MAX_MESSAGE_BYTES = 48_000_000;
/** Length, request id, response-to and operation code, 4 bytes each. */
export const HEADER_BYTES = 16;

export const OP_REPLY = 1;
export const OP_QUERY = 2004;
export const OP_MSG = 2013;
