/**
 * Makes the files that the sources need at run time, and those that are shipped. `npm run build` makes
 * everything: the core (core.wasm and its text form core.wat), build/js, a bundle in plain JavaScript that
 * needs neither the sources nor node_modules, and build/client, which is `cloudvm-backend/client`.
 *
 * With `--if-stale core` it makes only the core, and with `--if-stale js` core and bundle, but only what is
 * missing or made of other sources. With `--debug` it makes build/core.debug.wasm, with assertions, names and
 * a source map. Only a debugger loads that one.
 */
import { spawnSync } from 'node:child_process';
import {
  accessSync,
  appendFileSync,
  constants,
  existsSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { bundleDigest, DIGEST_FILE, isBundleStale as isStaleBundle } from './bundle-digest.mjs';
import { digestSection, isCoreStale as isStale } from './core-digest.mjs';

const ROOT = join(import.meta.dirname, '..');
const BUILD = import.meta.dirname;
const CORE = join(BUILD, 'core.wasm');
const CORE_TEXT = join(BUILD, 'core.wat');
const BUNDLE = join(BUILD, 'js');
const CLIENT = join(BUILD, 'client');
const COMPILER = 'node_modules/assemblyscript/bin/asc.js';
const BUNDLER = 'node_modules/esbuild/package.json';

/** A tool refused the sources. */
export class BuildError extends Error {
  readonly code = 'ERR_BUILD';
  override readonly name = 'BuildError';
}

/** Whether build/core.wasm is missing or was made of other sources than the present ones. */
export function isCoreStale(): boolean {
  return isStale(ROOT);
}

/**
 * Compiles assembly/ in the release form. The file gets its name at the end, so nobody sees half of it.
 *
 * @throws BuildError
 */
export function makeCore(): void {
  assertCanMake('build/core.wasm', CORE, COMPILER);
  // Computed before the compiler reads the sources, so that a source that changes meanwhile makes the core
  // stale.
  const digest = digestSection(ROOT);
  const draft = join(BUILD, `core.${process.pid}.wasm`);
  const draftText = join(BUILD, `core.${process.pid}.wat`);
  try {
    runTool(COMPILER, [
      ...['--config', 'asconfig.json', '--target', 'release'],
      ...['--outFile', relative(ROOT, draft), '--textFile', relative(ROOT, draftText)],
    ]);
    appendFileSync(draft, digest);
    renameSync(draftText, CORE_TEXT);
    renameSync(draft, CORE);
  } finally {
    rmSync(draft, { force: true });
    rmSync(draftText, { force: true });
  }
}

/** Whether build/js is missing or was made of other sources than the present ones. */
export function isBundleStale(): boolean {
  return isStaleBundle(ROOT);
}

/**
 * Bundles src/ to build/js, and copies the core there. The folder gets its name at the end, so nobody sees
 * half of it.
 *
 * @throws BuildError
 */
export async function makeBundle(): Promise<void> {
  assertCanMake('build/js', BUNDLE, BUNDLER);
  // See makeCore.
  const digest = bundleDigest(ROOT);
  const draft = join(BUILD, `js.${process.pid}`);
  try {
    await bundleOrExplain(draft);
    writeFileSync(join(draft, DIGEST_FILE), digest);
    putInPlace(draft, BUNDLE);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/**
 * Makes build/client of src/client and the schemas. The folder gets its name at the end, as build/js does.
 *
 * @throws BuildError
 */
export async function makeClient(): Promise<void> {
  assertCanMake('build/client', CLIENT, BUNDLER);
  const draft = join(BUILD, `client.${process.pid}`);
  try {
    await makeClientOrExplain(draft);
    rmSync(CLIENT, { recursive: true, force: true });
    renameSync(draft, CLIENT);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

async function makeClientOrExplain(outputFolder: string): Promise<void> {
  const { makeClientFiles } = await import('./client.ts');
  try {
    await makeClientFiles(ROOT, outputFolder);
  } catch (error) {
    throw new BuildError(`the client cannot be made: ${String(error)}`, { cause: error });
  }
}

async function bundleOrExplain(outputFolder: string): Promise<void> {
  const { bundle } = await import('./bundle.ts');
  try {
    await bundle(ROOT, outputFolder);
  } catch (error) {
    // The bundler has printed what is wrong, and where.
    throw new BuildError('the sources cannot be bundled', { cause: error });
  }
}

/** A folder cannot replace another one in one step. Another process may do the same at this moment. */
function putInPlace(draft: string, target: string): void {
  const old = `${draft}.old`;
  try {
    if (existsSync(target)) renameSync(target, old);
    renameSync(draft, target);
  } catch (error) {
    if (isBundleStale()) throw error;
  } finally {
    rmSync(old, { recursive: true, force: true });
  }
}

/** @throws BuildError that says what to do instead */
function assertCanMake(product: string, path: string, tool: string): void {
  const state = existsSync(path) ? 'made of other sources' : 'missing';
  if (!existsSync(join(ROOT, tool))) {
    throw new BuildError(
      `${product} is ${state}, and what makes it is not installed: run \`npm ci\` without --omit=dev, ` +
        `or copy ${product} from a tree that has it`,
    );
  }
  try {
    accessSync(BUILD, constants.W_OK);
  } catch {
    throw new BuildError(
      `${product} is ${state}, and ${BUILD} cannot be written: make it writable, ` +
        `or run \`npm run build\` elsewhere and copy ${product} here`,
    );
  }
}

/** Quiet if the tool succeeds. @throws BuildError if it fails, after it has said why */
function runTool(script: string, parameters: readonly string[]): void {
  const { status, error, signal, stdout, stderr } = spawnSync(
    process.execPath,
    [join(ROOT, script), ...parameters],
    { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' },
  );
  if (error !== undefined) throw error;
  if (status === 0) return;
  process.stderr.write(stdout + stderr);
  throw new BuildError(`${script} ended with ${signal ?? `code ${status}`}`);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { 'if-stale': { type: 'string' }, debug: { type: 'boolean', default: false } },
  });
  if (values.debug) {
    runTool(COMPILER, ['--config', 'asconfig.json', '--target', 'debug']);
    say('Made build/core.debug.wasm and build/core.debug.wat.');
    return;
  }
  const always = values['if-stale'] === undefined;
  if (always || isCoreStale()) {
    say('Compiling the core. This takes some seconds and is done once.');
    await measured('build/core.wasm and build/core.wat', makeCore);
  }
  if (values['if-stale'] === 'core') return;
  if (always || isBundleStale()) await measured('build/js', makeBundle);
  if (always) await measured('build/client', makeClient);
}

async function measured(product: string, make: () => void | Promise<void>): Promise<void> {
  const startedAt = performance.now();
  await make();
  say(`Made ${product} in ${((performance.now() - startedAt) / 1000).toFixed(1)} s.`);
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    process.stderr.write(`The build failed: ${error.message}.\n`);
    process.exitCode = 1;
  }
}
