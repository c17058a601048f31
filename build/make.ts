/**
 * Makes the files that the sources need at run time, and those that are shipped. `npm run build` makes
 * everything: the core (core.wasm and its text form core.wat), and build/js, a mirror of the tree in plain
 * JavaScript that needs neither the sources nor a compiler. With `--if-stale` it makes only the core, and
 * only if the core is missing or made of other sources. With `--debug` it makes build/core.debug.wasm, with
 * assertions, names and a source map. Only a debugger loads that one.
 */
import { spawnSync } from 'node:child_process';
import {
  accessSync,
  appendFileSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { digestSection, isCoreStale as isStale } from './core-digest.mjs';

const ROOT = join(import.meta.dirname, '..');
const BUILD = import.meta.dirname;
const CORE = join(BUILD, 'core.wasm');
const CORE_TEXT = join(BUILD, 'core.wat');
const JAVASCRIPT = join(BUILD, 'js');
const COMPILER = 'node_modules/assemblyscript/bin/asc.js';

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
  assertCanMakeCore();
  say('Compiling the core. This takes some seconds and is done once.');
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

/**
 * Compiles src/ to build/js/src, with the core at the same place relative to it as in the tree, so that the
 * compiled files find it where the sources do.
 */
export function makeJavaScript(): void {
  const draft = join(BUILD, `js.${process.pid}`);
  try {
    runTool('node_modules/typescript/bin/tsc', [...['--project', 'tsconfig.build.json', '--outDir', draft]]);
    mkdirSync(join(draft, 'build'));
    copyFileSync(CORE, join(draft, 'build/core.wasm'));
    rmSync(JAVASCRIPT, { recursive: true, force: true });
    renameSync(draft, JAVASCRIPT);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** @throws BuildError that says what to do instead */
function assertCanMakeCore(): void {
  const state = existsSync(CORE) ? 'made of other sources' : 'missing';
  if (!existsSync(join(ROOT, COMPILER))) {
    throw new BuildError(
      `build/core.wasm is ${state}, and its compiler is not installed: run \`npm ci\` without --omit=dev, ` +
        'or copy build/core.wasm from a tree that has it',
    );
  }
  try {
    accessSync(BUILD, constants.W_OK);
  } catch {
    throw new BuildError(
      `build/core.wasm is ${state}, and ${BUILD} cannot be written: make it writable, ` +
        'or run `npm run build` elsewhere and copy build/core.wasm here',
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

function main(): void {
  const { values } = parseArgs({
    options: { 'if-stale': { type: 'boolean', default: false }, debug: { type: 'boolean', default: false } },
  });
  if (values.debug) {
    runTool(COMPILER, ['--config', 'asconfig.json', '--target', 'debug']);
    say('Made build/core.debug.wasm and build/core.debug.wat.');
    return;
  }
  if (values['if-stale'] && !isCoreStale()) return;
  const startedAt = performance.now();
  makeCore();
  if (!values['if-stale']) makeJavaScript();
  const made = values['if-stale'] ? 'build/core.wasm' : 'build/core.wasm, build/core.wat and build/js';
  say(`Made ${made} in ${((performance.now() - startedAt) / 1000).toFixed(1)} s.`);
}

if (import.meta.main) {
  try {
    main();
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    process.stderr.write(`The build failed: ${error.message}.\n`);
    process.exitCode = 1;
  }
}
