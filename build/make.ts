/**
 * Makes what the sources need at run time and what is shipped. `npm run build` makes everything: the core
 * (core.wasm and its text form core.wat) and build/js, a mirror of the tree in plain JavaScript that any Node of
 * the required version runs without the sources. The scripts start, test, fuzz and bench call it with
 * `--if-stale`, which makes only the core, and only where it is missing or older than its sources. With `--debug` it makes
 * build/core.debug.wasm, with assertions, names and a source map, for a debugger; nothing loads it by itself.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';

const ROOT = join(import.meta.dirname, '..');
const BUILD = import.meta.dirname;
const CORE = join(BUILD, 'core.wasm');
const CORE_TEXT = join(BUILD, 'core.wat');
const JAVASCRIPT = join(BUILD, 'js');
const COMPILER = 'node_modules/assemblyscript/bin/asc.js';
/** What the core is made of; the lock file stands for the version of its compiler. */
const CORE_SOURCES = ['assembly', 'asconfig.json', 'package-lock.json'].map((name) => join(ROOT, name));

/** A tool refused the sources. */
export class BuildError extends Error {
  readonly code = 'ERR_BUILD';
  override readonly name = 'BuildError';
}

export function isCoreStale(): boolean {
  const made = modifiedAt(CORE);
  return made === undefined || CORE_SOURCES.some((source) => newestIn(source) > made);
}

/** Compiles assembly/ in the release form. The name changes hands at the end: nobody sees half a file. */
export function makeCore(): void {
  const startedAt = new Date();
  const draft = join(BUILD, `core.${process.pid}.wasm`);
  const draftText = join(BUILD, `core.${process.pid}.wat`);
  try {
    runTool(COMPILER, [
      ...['--config', 'asconfig.json', '--target', 'release'],
      ...['--outFile', relative(ROOT, draft), '--textFile', relative(ROOT, draftText)],
    ]);
    // A source that was saved while the compiler ran is newer than what it made.
    utimesSync(draft, startedAt, startedAt);
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

/** Quiet where the tool succeeds. @throws BuildError where it fails, after it has said why */
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

/** Milliseconds; the newest of all files where `path` is a directory. */
function newestIn(path: string): number {
  if (!statSync(path).isDirectory()) return modifiedAt(path) ?? 0;
  let newest = modifiedAt(path) ?? 0;
  for (const entry of readdirSync(path, { recursive: true, withFileTypes: true })) {
    newest = Math.max(newest, modifiedAt(join(entry.parentPath, entry.name)) ?? 0);
  }
  return newest;
}

function modifiedAt(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs;
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
    say('made build/core.debug.wasm and build/core.debug.wat');
    return;
  }
  if (values['if-stale'] && !isCoreStale()) return;
  const startedAt = performance.now();
  makeCore();
  if (!values['if-stale']) makeJavaScript();
  const made = values['if-stale'] ? 'build/core.wasm' : 'build/core.wasm, build/core.wat and build/js';
  say(`made ${made} in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
}

if (import.meta.main) {
  try {
    main();
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    process.stderr.write(`the build failed: ${error.message}\n`);
    process.exitCode = 1;
  }
}
