/**
 * Makes the data directory, for whoever is about to keep something there: the signing secret, the embedded
 * database. Only this user can enter what is made; what is there already is left as it is.
 *
 * Level by level, because Node's own `recursive` never returns where a level can neither be made nor exists,
 * as in /proc, and neither a timer nor a signal would be heard through it.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

const OWNER_ONLY = 0o700;

/** @throws what the system says of the first level that cannot be made */
export function makeDataDirectory(path: string): void {
  if (existsSync(path)) return;
  makeDataDirectory(dirname(path));
  try {
    mkdirSync(path, { mode: OWNER_ONLY });
  } catch (error) {
    // Several processes may be started at once.
    if (!existsSync(path)) throw error;
  }
}
