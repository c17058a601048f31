/**
 * Checks whether build/js was made of the present sources. The launcher and build/make.ts call this. It is
 * plain JavaScript, because any Node.js from 18 on runs the launcher.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { hashOf, readIfThere } from './source-digest.mjs';

/** Everything that affects the bundle. The lock file has the versions of the packages. */
const SOURCES = ['src', 'assembly', 'asconfig.json', 'build/bundle.ts', 'build/entries', 'package-lock.json'];

/** In build/js. It is written last. */
export const DIGEST_FILE = 'sources.sha256';

/**
 * Without sources a bundle is never stale: there is nothing else to run.
 *
 * @param {string} root of the repository
 */
export function isBundleStale(root) {
  const made = readIfThere(join(root, 'build/js', DIGEST_FILE))?.toString();
  if (made === undefined) return true;
  return existsSync(join(root, 'src')) && made !== bundleDigest(root);
}

/** @param {string} root of the repository */
export function bundleDigest(root) {
  return hashOf(root, SOURCES).digest('hex');
}
