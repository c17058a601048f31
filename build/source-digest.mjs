/**
 * Digests of source files. They tell whether what was made of the sources is stale. Time stamps do not
 * matter, so a copied tree is as fresh as its original. It is plain JavaScript, because any Node.js from 18
 * on runs the launcher.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @param {string} root of the repository
 * @param {readonly string[]} paths of files and folders, from the root. Those that do not exist count as
 * empty
 */
export function hashOf(root, paths) {
  const hash = createHash('sha256');
  for (const path of paths.flatMap((path) => filesIn(root, path))) {
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(root, path)))
      .update('\0');
  }
  return hash;
}

/**
 * @param {string} root of the repository
 * @param {string} path of a file, or of a folder whose files are listed, with those of its folders, in an
 * order that does not change
 * @returns {string[]} paths from the root
 */
function filesIn(root, path) {
  const stats = statSync(join(root, path), { throwIfNoEntry: false });
  if (stats === undefined) return [];
  if (!stats.isDirectory()) return [path];
  return readdirSync(join(root, path))
    .sort()
    .flatMap((name) => filesIn(root, `${path}/${name}`));
}

/** @param {string} path */
export function readIfThere(path) {
  try {
    return readFileSync(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
