/**
 * The exports of this room for other rooms: the embedded database, which starts on a thread of its own, and
 * the error that says why it did not start. Everything else in this folder is internal.
 */
export { EmbeddedDatabaseError, type EmbeddedDatabaseErrorCode } from './embedded-database-error.ts';
export type { LogLine } from './server/log.ts';
export { EmbeddedDatabase, type EmbeddedDatabaseOptions } from './thread/embedded-database.ts';
