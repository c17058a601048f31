/**
 * Builds the FerretDB program beside this file, once for each version of its sources, however many test
 * processes ask: the first one builds under a lock, the others wait for it. Called by vitest's global set-up,
 * so that no test's time contains the build, and again by whoever starts FerretDB.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

const SOURCES = import.meta.dirname;
const CACHE = join(SOURCES, '../../../node_modules/.cache/ferretdb');
const LOCK_POLL_MS = 200;
/** The first build compiles SQLite from its Go translation: minutes on a small machine. */
const BUILD_TIMEOUT_MS = 15 * 60_000;
/** The PostgreSQL half is not needed. */
const TAGS = ['-tags', 'ferretdb_no_postgresql'];

const run = promisify(execFile);

export type FerretDbBuild = { readonly program: string } | { readonly unavailable: string };

/**
 * @returns the program, or why there is none on this machine. @throws Error when the sources do not compile
 */
export async function buildFerretDb(): Promise<FerretDbBuild> {
  const version = await goVersion();
  if (version === undefined)
    return { unavailable: 'FerretDB is built from source and there is no go command' };

  mkdirSync(CACHE, { recursive: true });
  const program = join(CACHE, `ferretdb-${sourceHash(version)}${process.platform === 'win32' ? '.exe' : ''}`);
  if (existsSync(program)) return { program };

  using _lock = await acquireLock(join(CACHE, 'lock.sqlite'));
  if (existsSync(program)) return { program };
  const failure = await downloadModules();
  if (failure !== undefined) return { unavailable: `FerretDB's Go modules cannot be fetched: ${failure}` };
  // A build that is broken off leaves nothing under the final name.
  const unfinished = `${program}.unfinished`;
  await go('build', '-trimpath', ...TAGS, '-ldflags', '-s -w', '-o', unfinished, '.');
  renameSync(unfinished, program);
  return { program };
}

async function goVersion(): Promise<string | undefined> {
  try {
    return (await go('version')).stdout;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

async function downloadModules(): Promise<string | undefined> {
  try {
    // Fetches what the build needs, and less than `go mod download` would.
    await go('list', '-deps', ...TAGS, '-f', '{{if eq .Name "main"}}{{.ImportPath}}{{end}}', '.');
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function go(...parameters: string[]): Promise<{ stdout: string }> {
  return run('go', parameters, {
    cwd: SOURCES,
    timeout: BUILD_TIMEOUT_MS,
    // SQLite is there as Go code: no C compiler is needed. The sums in go.sum decide what may be built.
    env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly -buildvcs=false', GOWORK: 'off' },
  });
}

function sourceHash(version: string): string {
  const hash = createHash('sha256').update(version);
  for (const name of ['go.mod', 'go.sum', 'main.go', 'build.ts'])
    hash.update(readFileSync(join(SOURCES, name)));
  return hash.digest('hex').slice(0, 16);
}

/** An SQLite write lock: the kernel releases it when its holder dies, so it can never be left behind. */
async function acquireLock(path: string): Promise<Disposable> {
  const database = new DatabaseSync(path, { timeout: 0 });
  for (;;) {
    try {
      database.exec('BEGIN EXCLUSIVE');
      return { [Symbol.dispose]: () => database.close() };
    } catch (error) {
      if (!isLocked(error)) throw error;
      await delay(LOCK_POLL_MS);
    }
  }
}

function isLocked(error: unknown): boolean {
  return error instanceof Error && error.message.includes('database is locked');
}
