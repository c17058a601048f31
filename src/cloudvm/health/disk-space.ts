/**
 * Whether the disk of the embedded database has room for more. A full one still answers reads and pings, so
 * readiness looks at the disk itself. Every worker sees the same, whichever of them has met a failed write.
 */
import { statfs } from 'node:fs/promises';

/** With less than this, the next commit may find no room for its part of the log. */
const LEAST_FREE_BYTES = 1_048_576;

/** @param directory of the embedded database */
export async function isDiskFull(directory: string): Promise<boolean> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize < LEAST_FREE_BYTES;
}
