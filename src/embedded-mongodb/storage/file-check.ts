/**
 * Checks at the start that the file is whole. A damaged file would answer with some of its documents, and
 * nobody would notice. SQLite reads every page for it, which takes 1.5 ms for each MB that is in the system's
 * cache, and as long as the disk needs otherwise.
 */
import type { DatabaseSync } from 'node:sqlite';

/** A larger file would hold up the start for seconds, so only its catalog is checked. */
export const MAX_CHECKED_BYTES = 1024 ** 3;

const CATALOG_TABLES = ['collections', 'indexes'] as const;

const WHAT_TO_DO =
  'Nothing in it was changed. Restore the file from a backup. Without one, the command ' +
  '"sqlite3 cloudvm.sqlite .recover" writes out what can still be read.';

/**
 * @param maxBytes of a file that is checked as a whole
 * @returns whether it was
 * @throws Error that says what is damaged, and what to do
 */
export function checkFile(database: DatabaseSync, maxBytes: number): boolean {
  const whole = bytesOf(database) <= maxBytes;
  const checks = whole ? ['quick_check(1)'] : CATALOG_TABLES.map((table) => `quick_check(${table})`);
  for (const check of checks) {
    const finding = findingOf(database, check);
    if (finding !== 'ok') throw new Error(`it is damaged (${finding}). ${WHAT_TO_DO}`);
  }
  return whole;
}

function bytesOf(database: DatabaseSync): number {
  return pragma(database, 'page_count') * pragma(database, 'page_size');
}

function pragma(database: DatabaseSync, name: string): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
}

/** SQLite reports some kinds of damage as a row, and others as an error. */
function findingOf(database: DatabaseSync, check: string): string {
  try {
    return String(database.prepare(`PRAGMA ${check}`).get()?.['quick_check']).trim();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
