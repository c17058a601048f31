/**
 * Checks whether build/core.wasm was made of the present sources. The digest of the sources is the last
 * section of the file itself, so the two cannot be separated. The launcher and build/make.ts call this. It is
 * plain JavaScript, because any Node.js from 18 on runs the launcher.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hashOf, readIfThere } from './source-digest.mjs';

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
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return hashOf(root, ['assembly', 'asconfig.json']).update(devDependencies.assemblyscript).digest();
}
