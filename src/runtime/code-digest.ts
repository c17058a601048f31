/**
 * Names the version of the runtime that a thread runs. A reload starts new threads, which load what lies in
 * the files then. A new version of the application may lie there, but no new version of the runtime: the two
 * sides of the shared memory must be of one version.
 */
import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** build/bundle.ts puts the digest of the sources here. */
declare const BUNDLED_RUNTIME_DIGEST: string | undefined;

const FILES = ['src/runtime/**/*.ts', 'assembly/**/*.ts'];

/** @returns the same for threads that run the same version, from sources or from one bundle */
export function runtimeDigest(): string {
  return typeof BUNDLED_RUNTIME_DIGEST === 'string' ? BUNDLED_RUNTIME_DIGEST : digestOfSources();
}

function digestOfSources(): string {
  const root = join(import.meta.dirname, '../..');
  const hash = createHash('sha256');
  for (const file of globSync(FILES, { cwd: root }).sort()) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update('\0');
  }
  return hash.digest('hex');
}
