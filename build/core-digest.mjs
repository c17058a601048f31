/**
 * Checks whether build/core.wasm was made of the present sources. The digest of the sources is the last
 * section of the file itself, so the two cannot be separated. Time stamps do not matter, so a copied tree is
 * as fresh as its original. The launcher and build/make.ts call this. It is plain JavaScript, because any
 * Node.js from 18 on runs the launcher.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const SECTION_NAME = 'source-digest';
const CUSTOM_SECTION_ID = 0;

/** @param {string} root of the repository */
export function isCoreStale(root) {
  const core = readIfThere(join(root, 'build/core.wasm'));
  return core === undefined || !core.subarray(-digestSection(root).length).equals(digestSection(root));
}

/**
 * A custom section of the WebAssembly binary format (section 5.5.3), to be appended to the module.
 *
 * @param {string} root of the repository
 */
export function digestSection(root) {
  const name = Buffer.from(SECTION_NAME);
  const content = Buffer.concat([Buffer.of(name.length), name, sourceDigest(root)]);
  // Both lengths are below 128, so one byte holds each in LEB128.
  return Buffer.concat([Buffer.of(CUSTOM_SECTION_ID, content.length), content]);
}

/**
 * The digest of everything that affects the output of the compiler: sources, options, version.
 *
 * @param {string} root of the repository
 */
function sourceDigest(root) {
  const hash = createHash('sha256');
  for (const path of filesIn(root, 'assembly')) {
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(root, path)))
      .update('\0');
  }
  hash.update(readFileSync(join(root, 'asconfig.json'))).update('\0');
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return hash.update(devDependencies.assemblyscript).digest();
}

/**
 * @param {string} root of the repository
 * @param {string} folder whose files are listed, with those of its folders, in an order that does not change
 * @returns {string[]} paths from the root
 */
function filesIn(root, folder) {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      return entry.isDirectory() ? filesIn(root, path) : [path];
    });
}

/** @param {string} path */
function readIfThere(path) {
  try {
    return readFileSync(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
