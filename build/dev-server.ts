/**
 * The server that `npm run dev` restarts whenever a source changes. It makes the core and the bundle if they
 * are stale, in a process of its own, and serves.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const MAIN = new URL('./js/main.js', import.meta.url);

const { status, error } = spawnSync(
  process.execPath,
  [join(import.meta.dirname, 'make.ts'), '--if-stale', 'js'],
  { stdio: 'inherit' },
);
if (error !== undefined) throw error;
if (status === 0) await import(MAIN.href);
else process.exitCode = 1;
