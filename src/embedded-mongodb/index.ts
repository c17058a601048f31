/**
 * What other rooms may import from this one: the embedded database, which starts on a thread of its own,
 * and the error that says why it did not start. Everything else in this folder is internal.
 */
export { EmbeddedDatabase, EmbeddedDatabaseError, type EmbeddedDatabaseOptions } from './start.ts';
