/**
 * Makes the data directory, which holds the signing secret and the embedded database. Only this user can
 * enter the directories that it makes. Those that exist keep their modes.
 *
 * It makes one level after the other. Node's own `recursive` never returns if a level neither exists nor
 * can be made, as in /proc, and blocks timers and signals meanwhile.
 */
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

const OWNER_ONLY = 0o700;
const WRITABLE_BY_GROUP = 0o020;
const WRITABLE_BY_ALL = 0o002;

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

/**
 * Who else may replace what is in the directory: the secret, and with it the right to sign tokens. The sticky
 * bit, as /tmp has it, is no protection from files that are there before ours.
 */
export function otherWritersOf(path: string): 'everybody' | 'group' | undefined {
  // Windows has no modes: its directories report 0o777.
  if (process.platform === 'win32' || !existsSync(path)) return undefined;
  const { mode } = statSync(path);
  if ((mode & WRITABLE_BY_ALL) !== 0) return 'everybody';
  return (mode & WRITABLE_BY_GROUP) === 0 ? undefined : 'group';
}
