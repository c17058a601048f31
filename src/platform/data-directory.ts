/**
 * Makes the data directory, which holds the signing secret and the embedded database. Only this user can
 * enter the directories that it makes. Those that exist keep their modes.
 *
 * It makes one level after the other. Node's own `recursive` never returns if a level neither exists nor
 * can be made, as in /proc, and blocks timers and signals meanwhile.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

const OWNER_ONLY = 0o700;

/** @throws the system's error for the first level that cannot be made */
export function makeDataDirectory(path: string): void {
  if (existsSync(path)) return;
  makeDataDirectory(dirname(path));
  try {
    mkdirSync(path, { mode: OWNER_ONLY });
  } catch (error) {
    // Another process may have made it in the meantime.
    if (!existsSync(path)) throw error;
  }
}
