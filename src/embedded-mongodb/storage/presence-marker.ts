/**
 * A small file beside the database file, from which the next start knows that there was a database. If the
 * database file is then empty or gone, starting with a new one would hide that the data is lost.
 */
import { closeSync, existsSync, fsyncSync, openSync, statSync, writeSync } from 'node:fs';
import { basename } from 'node:path';

const SUFFIX = '-marker';
const OWNER_ONLY = 0o600;

/** @throws Error if there was a database and now there is none */
export function assertNotLost(file: string): void {
  const size = statSync(file, { throwIfNoEntry: false })?.size;
  if (size !== undefined && size > 0) return;
  const marker = `${file}${SUFFIX}`;
  if (!existsSync(marker)) return;
  throw new Error(
    `it is ${size === undefined ? 'gone' : 'empty'}, and it held data before. ` +
      `Restore it from a backup. To start with a new database, delete ${marker}.`,
  );
}

/** Called when the database file exists and is on the disk. */
export function markPresence(file: string): void {
  const marker = `${file}${SUFFIX}`;
  if (existsSync(marker)) return;
  const descriptor = openSync(marker, 'w', OWNER_ONLY);
  try {
    const name = basename(file);
    writeSync(
      descriptor,
      `${name} holds data. Without it, the database does not start while this file is here.\n`,
    );
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
